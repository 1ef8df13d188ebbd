// Reads manifests and locks. Only this file and referenced-file.ts access files in this room.

import { createReadStream, existsSync } from 'node:fs'
import { lstat, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, relative } from 'node:path'
import { FdwsyncError } from '../core/errors.ts'
import type { ParsedManifest, References } from './manifest.ts'
import { parseManifest } from './parse.ts'
import { readReferencedFile } from './referenced-file.ts'

export interface ManifestRequest {
  /** A file, or `-` for standard input. */
  readonly path: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Leave `${…}` unresolved, for a check without secrets. */
  readonly unresolved: boolean
  /** Folders that `${file:…}` may read from, beside that of the manifest. */
  readonly allowedFolders: readonly string[]
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
  allowedFolders,
  readStandardInput,
}: ManifestRequest): Promise<ManifestText> {
  const fromInput = path === '-'
  const bytes = fromInput ? await readStandardInput() : await readManifestFile(path)
  const folder = fromInput ? '.' : dirname(path)
  const references: References = {
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    file: (file) => readReferencedFile(file, [folder, ...allowedFolders]),
  }
  return { file: fromInput ? 'standard input' : path, bytes, references: unresolved ? undefined : references }
}

/** The lock is beside its manifest: `shop.lock.yaml` beside `shop.yaml`. */
export function lockPathOf(manifest: string): string {
  return `${manifest.replace(/\.ya?ml$/i, '')}.lock.yaml`
}

/** Reads a lock, if it exists. */
export async function loadLock(path: string): Promise<ParsedManifest | undefined> {
  const bytes = await readLock(path)
  return bytes && parseLock(path, bytes)
}

/** The text of a lock, if it exists. */
export async function readLock(path: string): Promise<Uint8Array | undefined> {
  return existsSync(path) ? readManifestFile(path) : undefined
}

/** A lock has no references. */
export function parseLock(path: string, bytes: Uint8Array): Promise<ParsedManifest> {
  return parseManifest(path, bytes, noReferences)
}

const noReferences: References = {
  env: () => undefined,
  file: () => ({ reason: 'a lock refers to no files', hint: '' }),
}

const maximumBytes = 10 * 1024 * 1024

async function readManifestFile(path: string): Promise<Uint8Array> {
  const folder = await folderOfTarget(path).catch(() => undefined)
  if (folder !== undefined) {
    // An error quotes lines of it. Whoever may add a link to a repository must not get to read any file this way.
    throw new FdwsyncError({
      code: 'manifest/unreadable',
      message: `${path} cannot be read: it is a symbolic link to another folder`,
      hint: `Name the file itself; it is in ${folder}.`,
    })
  }
  try {
    return await readAtMost(path, maximumBytes + 1)
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

/** For a symbolic link out of its folder, the folder of its target. Those in /dev are of open pipes and files. */
async function folderOfTarget(path: string): Promise<string | undefined> {
  if (!(await lstat(path)).isSymbolicLink() || path.startsWith('/dev/')) return undefined
  const target = dirname(await realpath(path))
  const way = relative(await realpath(dirname(path)), target)
  return /^\.\.(?:[\\/]|$)/.test(way) || isAbsolute(way) ? target : undefined
}

/** A device has no end. */
async function readAtMost(path: string, length: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of createReadStream(path, { end: length - 1 })) chunks.push(chunk)
  return Buffer.concat(chunks)
}
