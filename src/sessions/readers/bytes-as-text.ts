import { isUtf8 } from 'node:buffer'

/** Text of bytes that say no encoding: UTF-8 if they are it, else each byte a character. */
export const textOf = (bytes: Buffer): string => (isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1'))
