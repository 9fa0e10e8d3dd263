# The gateway and nothing else; see docs/deployment.md.
FROM node:22-slim
WORKDIR /opt/sluice
# What changes seldom comes first, so that a change of the source downloads nothing. Bun comes as a package, and of the
# scripts only its own runs, which puts the right program in place.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && npm rebuild bun && npm cache clean --force
COPY LICENSE ./
COPY bin bin
COPY scripts/build.ts scripts/build.ts
COPY src src
RUN node bin/prepare.js && test -f build/main.js
# The database and stored credentials: mount a volume here to keep them.
ENV SLUICE_HOME=/var/lib/sluice SLUICE_LOG=json SLUICE_KEYCHAIN=off
# Memory in pages of 2 MB where the system has them: less CPU for some 50 MB more a process (docs/deployment.md).
ENV MIMALLOC_ALLOW_THP=1 MIMALLOC_PURGE_HOLES=0
# OpenShift runs it as a user of its own choice, in the group root.
RUN mkdir -p "$SLUICE_HOME" && chown node:root "$SLUICE_HOME" && chmod 770 "$SLUICE_HOME"
VOLUME /var/lib/sluice
# node, as a number: by a name Kubernetes cannot tell that it is not root (runAsNonRoot).
USER 1000
EXPOSE 8088
# With server.tls it is asked over HTTPS, by an address for which its certificate need not be valid.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD NODE_TLS_REJECT_UNAUTHORIZED=0 node --no-warnings -e "fetch('http://127.0.0.1:8088/').catch(() => fetch('https://127.0.0.1:8088/')).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
# Others reach a container's port, so server.keys must be set: mount a sluice.yaml into SLUICE_HOME. The address is the
# container's own affair, whatever that file says: what docker maps and the health check asks.
CMD ["node", "bin/sluice", "serve", "--host", "0.0.0.0", "--port", "8088"]
