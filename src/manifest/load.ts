// Reads manifests and locks. Only this file and referenced-file.ts access files in this room.

import { createReadStream, lstatSync, statSync } from 'node:fs'
import { lstat, readdir, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { FdwsyncError, usageError } from '../core/errors.ts'
import { fileFailure } from '../core/file-failure.ts'
import type { GivenVariables } from './composition/variables.ts'
import type { ParsedManifest, References } from './manifest.ts'
import { readReferencedFile } from './referenced-file.ts'
import type { ManifestFile, ManifestTexts } from './texts.ts'

/** The name of `-` in messages. */
export const standardInput = 'standard input'

export interface ManifestRequest {
  /** Files, folders, or `-` for standard input, in the order in which they are put together. */
  readonly paths: readonly string[]
  /** Values of variables by name. */
  readonly variables: GivenVariables
  readonly env: Readonly<Record<string, string | undefined>>
  /** Leave references unresolved, for a check without secrets. */
  readonly unresolved: boolean
  /** Folders that `${file:…}` may read from, beside that of the file. */
  readonly allowedFolders: readonly string[]
  readStandardInput(): Promise<Uint8Array>
}

/** Reads the texts of a manifest. Paths in `${file:…}` are relative to the file that contains them. */
export async function readManifestTexts({ paths, variables, ...request }: ManifestRequest): Promise<ManifestTexts> {
  const all = (await Promise.all(paths.map(filesAt))).flat()
  const [first, ...later] = await differentFiles(all)
  if (first === undefined) throw new FdwsyncError({ code: 'manifest/unreadable', message: 'no manifest is named' })
  const readText = textReader(request)
  const files: [ManifestFile, ...ManifestFile[]] = [await readText(first)]
  for (const path of later) files.push(await readText(path))
  return { files, variables }
}

function textReader({
  env,
  unresolved,
  allowedFolders,
  readStandardInput,
}: Omit<ManifestRequest, 'paths' | 'variables'>): (path: string) => Promise<ManifestFile> {
  const ofFolders = new Map<string, References>()
  const referencesIn = (folder: string): References => {
    const references = ofFolders.get(folder) ?? {
      env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
      file: (file) => readReferencedFile(file, [folder, ...allowedFolders]),
    }
    ofFolders.set(folder, references)
    return references
  }
  return async (path) => {
    const fromInput = path === '-'
    const bytes = fromInput ? await readStandardInput() : await readManifestFile(path)
    const references = unresolved ? undefined : referencesIn(fromInput ? '.' : dirname(path))
    return { file: fromInput ? standardInput : path, bytes, references }
  }
}

const isLock = (name: string): boolean => /\.lock\.ya?ml$/i.test(name)

/** The manifests of a folder in the order of their names, without locks, hidden files and subfolders. */
async function filesAt(path: string): Promise<readonly string[]> {
  if (!isFolder(path)) return [path]
  const names = (await readFolder(path)).filter((name) => /^[^.].*\.ya?ml$/i.test(name) && !isLock(name))
  const files = names.filter((name) => !isFolder(join(path, name))).toSorted()
  if (files.length > 0) return files.map((name) => join(path, name))
  throw new FdwsyncError({
    code: 'manifest/unreadable',
    message: `the folder ${path} contains no manifest`,
    hint: 'In a folder, files are read whose names end with .yaml or .yml, except locks.',
  })
}

async function readFolder(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    const message = `the folder ${path} cannot be read: ${fileFailure(error)}`
    throw new FdwsyncError({ code: 'manifest/unreadable', message })
  }
}

/** What cannot be examined is no folder: reading it as a file reports the reason. */
function isFolder(path: string): boolean {
  try {
    return path !== '-' && statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** @throws FdwsyncError if a file is given twice: each of its objects would be declared twice */
async function differentFiles(paths: readonly string[]): Promise<readonly string[]> {
  const seen = new Set<string>()
  for (const path of paths) {
    const real = path === '-' ? path : await realpath(path).catch(() => path)
    if (seen.has(real)) {
      const name = path === '-' ? standardInput : path
      throw usageError(`${name} is given twice`, 'Name each file of the manifest once.')
    }
    seen.add(real)
  }
  return paths
}

/**
 * The lock is beside its manifest: `shop.lock.yaml` beside `shop.yaml`, or `fdwsync.lock.yaml` in a folder. Of several, it is beside the
 * last one, so that each environment with an overlay of its own has a lock of its own. Standard input has none.
 */
export function lockPathOf(paths: readonly string[]): string | undefined {
  const last = paths.at(-1)
  if (last === undefined || last === '-') return undefined
  return isFolder(last) ? join(last, 'fdwsync.lock.yaml') : `${last.replace(/\.ya?ml$/i, '')}.lock.yaml`
}

/** The locks beside the other files, which do not belong to this manifest. */
export function unusedLocks(paths: readonly string[]): readonly string[] {
  return paths
    .slice(0, -1)
    .flatMap((path) => lockPathOf([path]) ?? [])
    .filter(lockExists)
}

/** Also if it cannot be read: without it, the sources would be asked. */
export function lockExists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}

/** Reads a lock, if it exists. */
export async function loadLock(path: string): Promise<ParsedManifest | undefined> {
  const bytes = await readLock(path)
  return bytes && parseLock(path, bytes)
}

/** The text of a lock, if it exists. */
export async function readLock(path: string): Promise<Uint8Array | undefined> {
  return lockExists(path) ? readManifestFile(path) : undefined
}

/** A lock has no references. */
export async function parseLock(path: string, bytes: Uint8Array): Promise<ParsedManifest> {
  const { parseManifest } = await import('./parse.ts')
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
    // Errors quote lines of the lock. Whoever may add a symbolic link to a repository must not be able to read any file that way.
    throw new FdwsyncError({
      code: 'manifest/unreadable',
      message: `${path} cannot be read: it is a symbolic link to another folder`,
      hint: `Name the file itself; it is in ${folder}.`,
    })
  }
  try {
    return await readAtMost(path, maximumBytes + 1)
  } catch (error) {
    throw new FdwsyncError({
      code: 'manifest/unreadable',
      message: `the manifest ${path} cannot be read: ${fileFailure(error)}`,
      hint: 'Name the manifest with -f FILE. The default is fdwsync.yaml.',
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

/** Reading a device might never end. */
async function readAtMost(path: string, length: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of createReadStream(path, { end: length - 1 })) chunks.push(chunk)
  return Buffer.concat(chunks)
}
