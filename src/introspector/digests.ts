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

/**
 * `scrypt:SALT:HASH`, for the ledger, where the server hides the secret itself. It is slow, since it is stored. Within this process
 * the same secret of the same object keeps its salt: a fleet records one manifest in hundreds of databases.
 */
export function slowDigest(secret: Secret, object: string): string {
  const key = `${object}\0${ofProcess.ofRun(secret)}`
  const salt = salts.get(key) ?? randomBytes(16).toString('hex')
  salts.set(key, salt)
  return `scrypt:${salt}:${scryptHash(secret, salt)}`
}

function matchesRecorded(secret: Secret, recorded: string): boolean {
  const [scheme, salt, hash] = recorded.split(':')
  if (scheme !== 'scrypt' || !salt || hash?.length !== 2 * hashBytes) return false
  return timingSafeEqual(Buffer.from(scryptHash(secret, salt), 'hex'), Buffer.from(hash, 'hex'))
}

const hashBytes = 32

// By fast digests, so that no secret is kept in memory for longer than its run.
const ofProcess = createRunDigests()
const salts = new Map<string, string>()
const hashes = new Map<string, string>()

function scryptHash(secret: Secret, salt: string): string {
  const key = `${salt}:${ofProcess.ofRun(secret)}`
  const hash = hashes.get(key) ?? scryptSync(secret.reveal(), Buffer.from(salt, 'hex'), hashBytes).toString('hex')
  hashes.set(key, hash)
  return hash
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
