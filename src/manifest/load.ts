// Reads manifests, locks and referenced files. The only file of this room that accesses files.

import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { FdwsyncError } from '../core/errors.ts'
import type { ParsedManifest, References } from './manifest.ts'
import { parseManifest } from './parse.ts'

export interface ManifestRequest {
  /** A file, or `-` for standard input. */
  readonly path: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Leave `${…}` unresolved, for a check without secrets. */
  readonly unresolved: boolean
  readStandardInput(): Promise<Uint8Array>
}

/** The text of a manifest, before parsing. */
export interface ManifestText {
  /** Its name in messages. */
  readonly file: string
  readonly bytes: Uint8Array
  /** Undefined leaves `${…}` unresolved. */
  readonly references: References | undefined
}

/** Reads the text from a file or standard input. Paths in `${file:…}` are relative to the manifest. */
export async function readManifestText({
  path,
  env,
  unresolved,
  readStandardInput,
}: ManifestRequest): Promise<ManifestText> {
  const fromInput = path === '-'
  const bytes = fromInput ? await readStandardInput() : await readManifestFile(path)
  const folder = fromInput ? '.' : dirname(path)
  const references: References = {
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    file: (file) => readReferenced(resolve(folder, file)),
  }
  return { file: fromInput ? 'standard input' : path, bytes, references: unresolved ? undefined : references }
}

/** The lock is beside its manifest: `shop.lock.yaml` beside `shop.yaml`. */
export function lockPathOf(manifest: string): string {
  return `${manifest.replace(/\.ya?ml$/i, '')}.lock.yaml`
}

/** Reads a lock, if it exists. A lock has no references. */
export async function loadLock(path: string): Promise<ParsedManifest | undefined> {
  if (!existsSync(path)) return undefined
  return parseManifest(path, await readManifestFile(path), { env: () => undefined, file: () => undefined })
}

async function readManifestFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'no such file',
      EISDIR: 'it is a folder',
      EACCES: 'permission denied',
    }
    throw new FdwsyncError({
      code: 'manifest/unreadable',
      message: `the manifest ${path} cannot be read: ${reasons[code] ?? code}`,
      hint:
        code === 'EISDIR'
          ? 'Folders are not supported yet. Name one file.'
          : 'Name the manifest with -f FILE. The default is fdwsync.yaml.',
    })
  }
}

/** A file's content without its final newline, which editors add to a password file. */
function readReferenced(path: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)).replace(/\r?\n$/, '')
  } catch {
    return undefined
  }
}
