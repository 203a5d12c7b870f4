# The operator's image: Node and one bundled file, no shell, no package manager.
#   docker buildx build --platform linux/amd64,linux/arm64 -t <image> .

# The bundle is the same for every platform: made once, on the builder's own.
FROM --platform=$BUILDPLATFORM docker.io/library/node:24-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Scripts of dependencies are not run; esbuild's binary comes as an optional package.
RUN npm install --no-save --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY build ./build
COPY src ./src
RUN node build/bundle.ts dist

FROM gcr.io/distroless/nodejs24-debian13:nonroot
COPY --from=build /build/dist /app
# A number, so that runAsNonRoot can be checked.
USER 65532:65532
ENV NODE_ENV=production
ENTRYPOINT ["/nodejs/bin/node", "--enable-source-maps", "/app/main.mjs"]
