// Reads the files that `${file:path}` refers to: small regular files in folders that a manifest may read from. Whoever may edit a
// manifest must not be able to read any file of the machine that plans it.

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { isAbsolute, relative, resolve } from 'node:path'
import type { UnreadableFile } from './manifest.ts'

const maximumBytes = 1024 * 1024
/** Where Docker, Kubernetes and systemd put secrets. */
const secretFolders = ['/run/secrets', '/var/run/secrets']

/** @param folders where files may be, in addition to the folders for secrets. The path is relative to the first one */
export function readReferencedFile(path: string, folders: readonly [string, ...string[]]): string | UnreadableFile {
  const allowed = [...folders, ...secretFolders].map((folder) => resolve(folder))
  const full = resolve(folders[0], path)
  const outside = unreadable(
    'the file is outside of the folders that a manifest may read',
    `It must be below the folder of the manifest, ${secretFolders.join(' or ')}; or allow its folder: --allow-files DIR.`,
  )
  // Nothing is reported about a file outside of these folders, not even whether it exists.
  if (!allowed.some((folder) => isBelow(full, folder) || isBelow(full, realPath(folder)))) return outside
  const found = realPath(full)
  if (found === undefined) return unreadable('the file does not exist', 'Its path is relative to the manifest.')
  return allowed.some((folder) => isBelow(found, realPath(folder))) ? readSmallFile(found) : outside
}

/** The path without symbolic links, so that none refers to a file outside of a folder. Undefined if it does not exist. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

function isBelow(path: string, folder: string | undefined): boolean {
  if (folder === undefined) return false
  const way = relative(folder, path)
  return way !== '' && !/^\.\.(?:[\\/]|$)/.test(way) && !isAbsolute(way)
}

function readSmallFile(path: string): string | UnreadableFile {
  let file: number | undefined
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for a writer. A symbolic link can be here only if it was put in place just now.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    if (!fstatSync(file).isFile())
      return unreadable('it is not a regular file', 'Folders, devices and pipes are not read.')
    const bytes = readAtMost(file, maximumBytes + 1)
    if (bytes.length > maximumBytes)
      return unreadable('the file is larger than 1 MB', 'A reference is for a single value.')
    // Editors add a final newline to a password file.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch {
    return unreadable('the file cannot be read', 'It must be UTF-8, and readable for this user.')
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Files such as those in /proc have a size of 0. */
function readAtMost(file: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let read = 0
  for (;;) {
    const count = readSync(file, bytes, read, length - read, null)
    read += count
    if (count === 0 || read === length) return bytes.subarray(0, read)
  }
}

function unreadable(reason: string, hint: string): UnreadableFile {
  return { reason, hint }
}
