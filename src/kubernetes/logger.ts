/** Structured logging, in pino's argument order, so a pino logger is one. Fields are whitelisted by the caller: no secrets. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Logger
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
}

/** An error as log fields: its name, message and kind, never its own properties, which may hold commands or bodies. */
export const errorFields = (error: unknown): { readonly error: string; readonly stack?: string } => {
  if (!(error instanceof Error)) return { error: String(error) }
  return { error: `${error.name}: ${error.message}`, ...(error.stack === undefined ? {} : { stack: error.stack }) }
}
