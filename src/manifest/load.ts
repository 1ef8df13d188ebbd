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
  /** Leaves `${…}` as they are, for a check without secrets. */
  readonly unresolved: boolean
  readStandardInput(): Promise<Uint8Array>
}

/** The text of a manifest, not looked into yet. */
export interface ManifestText {
  /** Its name for messages. */
  readonly file: string
  readonly bytes: Uint8Array
  /** What `${…}` stands for; undefined leaves them as they are. */
  readonly references: References | undefined
}

/** Reads the text from a file or standard input. `${file:…}` is relative to it; its last newline does not count. */
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

/** The lock of a manifest stands beside it: `shop.lock.yaml` beside `shop.yaml`. */
export function lockPathOf(manifest: string): string {
  return `${manifest.replace(/\.ya?ml$/i, '')}.lock.yaml`
}

/** Reads a lock, if there is one. It is text of its own: nothing of the environment is put in. */
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
      ENOENT: 'there is no such file',
      EISDIR: 'it is a folder',
      EACCES: 'it may not be read',
    }
    throw new FdwsyncError({
      code: 'manifest/unreadable',
      message: `the manifest ${path} can not be read: ${reasons[code] ?? code}`,
      hint:
        code === 'EISDIR'
          ? 'Folders are not supported yet: name one file.'
          : 'Name it with -f FILE; the default is fdwsync.yaml.',
    })
  }
}

function readReferenced(path: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)).replace(/\r?\n$/, '')
  } catch {
    return undefined
  }
}
