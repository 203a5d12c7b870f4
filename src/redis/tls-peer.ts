import type { X509Certificate } from 'node:crypto'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { AbstractConnector } from 'ioredis'
import type { Endpoint } from './connection.ts'

/**
 * A server that is reached by TLS. Who it is, its certificate tells, but not in the way of a browser: one that has ended, or whose names do not fit, is
 * still the server's, and is the very one that must be reached to be given another.
 */
export interface TlsPeer {
  /** Whether a server that shows this certificate, and proves that it has its key, is the one that is meant. */
  readonly accepts: (certificate: X509Certificate) => boolean
  /** What we show, where the server asks for it. PEM. */
  readonly identity: { readonly certificate: string; readonly key: string } | undefined
}

const options = ({ host, port }: Endpoint, { identity }: TlsPeer): ConnectionOptions => ({
  host,
  port,
  minVersion: 'TLSv1.2',
  // `accepts` decides, before a byte is sent.
  rejectUnauthorized: false,
  ...(identity ? { cert: identity.certificate, key: identity.key } : {}),
})

/** The error of a server that is not the one that is meant: nothing was sent to it. */
const refused = () => new Error('its certificate is not one of this store')

/** Makes an encrypted connection for ioredis, and hands it over when it is known who is at the other end: the password is not sent before. */
export const tlsConnector = (endpoint: Endpoint, peer: TlsPeer) =>
  class TlsConnector extends AbstractConnector {
    constructor(options: unknown) {
      super((options as { disconnectTimeout: number }).disconnectTimeout)
    }

    override connect(): Promise<TLSSocket> {
      this.connecting = true
      const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
      const stream = connect(options(endpoint, peer))
      this.stream = stream
      stream.once('error', (error) => {
        this.firstError = error
        reject(error)
      })
      stream.once('close', () => reject(new Error('the connection was closed')))
      stream.once('secureConnect', () => {
        if (isAccepted(stream, peer)) resolve(stream)
        else stream.destroy(refused())
      })
      return promise
    }
  }

const isAccepted = (stream: TLSSocket, peer: TlsPeer): boolean => {
  const certificate = stream.getPeerX509Certificate()
  return certificate !== undefined && peer.accepts(certificate)
}

/** The certificate that a server shows now, in a handshake of its own. Rejects when there is none within `timeoutMs`. */
export const shownCertificate = async (
  endpoint: Endpoint,
  peer: TlsPeer,
  timeoutMs: number,
): Promise<X509Certificate> => {
  const { promise, resolve, reject } = Promise.withResolvers<X509Certificate>()
  const stream = connect(options(endpoint, peer))
  const timer = setTimeout(() => stream.destroy(new Error(`no handshake within ${timeoutMs} ms`)), timeoutMs)
  stream.once('error', reject)
  stream.once('secureConnect', () => {
    const certificate = stream.getPeerX509Certificate()
    if (certificate) resolve(certificate)
    else reject(new Error('it showed no certificate'))
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    stream.destroy()
  }
}
