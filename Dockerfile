# The gateway and nothing else; see docs/deployment.md.
FROM node:22-slim
WORKDIR /opt/sluice
COPY package.json package-lock.json .npmrc ./
COPY bin bin
COPY scripts/build.ts scripts/build.ts
COPY src src
# Bun comes as a package; the install ends with the build.
RUN npm ci --omit=dev && npm cache clean --force
# The database and stored credentials: mount a volume here to keep them.
ENV SLUICE_HOME=/var/lib/sluice SLUICE_LOG=json SLUICE_KEYCHAIN=off
RUN mkdir -p "$SLUICE_HOME" && chown node:node "$SLUICE_HOME" && chmod 700 "$SLUICE_HOME"
VOLUME /var/lib/sluice
USER node
EXPOSE 8088
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD node -e "fetch('http://127.0.0.1:8088/').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
# Others reach a container's port, so server.keys must be set: mount a sluice.yaml into SLUICE_HOME.
CMD ["node", "bin/sluice", "serve", "--host", "0.0.0.0"]
