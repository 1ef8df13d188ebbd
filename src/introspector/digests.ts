// Digests of secrets and of plain data.

import { createHash, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { canonicalJson } from '../core/data.ts'
import type { Secret } from '../core/secret.ts'
import type { SecretDigests } from '../kinds/kind.ts'

export interface RunDigests extends SecretDigests {
  /** Random for every run, so that digests reveal nothing outside of it. */
  readonly salt: string
}

/** Digests with the given salt, or with a new one. */
export function createRunDigests(salt: string = randomBytes(16).toString('hex')): RunDigests {
  return {
    salt,
    ofRun: (secret) => createHash('sha256').update(salt).update(secret.reveal()).digest('hex'),
    matchesRecorded,
  }
}

/** `scrypt:SALT:HASH`, for the ledger, where the server hides the secret itself. It is slow, since it is stored. */
export function slowDigest(secret: Secret): string {
  const salt = randomBytes(16)
  return `scrypt:${salt.toString('hex')}:${scryptSync(secret.reveal(), salt, 32).toString('hex')}`
}

function matchesRecorded(secret: Secret, recorded: string): boolean {
  const [scheme, salt, hash] = recorded.split(':')
  if (scheme !== 'scrypt' || !salt || !hash) return false
  const expected = Buffer.from(hash, 'hex')
  return timingSafeEqual(scryptSync(secret.reveal(), Buffer.from(salt, 'hex'), expected.length), expected)
}

/** A digest of plain data. The order of keys does not matter. */
export function dataDigest(value: unknown): string {
  return listDigest([value])
}

/** A digest of a list of plain data, which need not be in memory as a whole. */
export function listDigest(items: Iterable<unknown>): string {
  const hash = createHash('sha256')
  for (const item of items) hash.update(canonicalJson(item))
  return hash.digest('hex')
}
