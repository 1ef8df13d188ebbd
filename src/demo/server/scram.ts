// What a server stores of a password for SCRAM-SHA-256.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

/**
 * The verifier of a random password. Iterations protect passwords that can be guessed, and cost both sides some milliseconds
 * in each connection. A random password needs only one.
 * Its form: https://www.postgresql.org/docs/current/catalog-pg-authid.html
 */
export function verifierOf(password: string): string {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, 1, 32, 'sha256')
  const keyed = (text: string) => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(keyed('Client Key')).digest()
  const [storedKey, serverKey] = [stored, keyed('Server Key')].map((key) => key.toString('base64'))
  return `SCRAM-SHA-256$1:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
