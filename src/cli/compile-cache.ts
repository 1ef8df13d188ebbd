// Lets Node keep what V8 compiles, for the next command: a fifth of what a short one takes. Needs Node 22.1; nothing depends on it.

import { mkdirSync, statSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

export function enableCompileCache(): void {
  // Not in the types of Node 20.
  const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: (folder: string) => unknown }
  const folder = enableCompileCache && privateFolder()
  // It reports, and does not throw, that it cannot write. NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE take precedence.
  if (folder) enableCompileCache(folder)
}

/**
 * The folder for the cache, in the user's folder of caches. Undefined if another user could put code there, as with sudo or in a shared
 * folder. For that reason it is not Node's default either, which is the folder of temporary files.
 */
function privateFolder(): string | undefined {
  const { XDG_CACHE_HOME = '' } = process.env
  const caches = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache')
  const folder = join(caches, 'fdwsync')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return [caches, folder].every(isPrivate) ? folder : undefined
  } catch {
    return undefined
  }
}

/** Windows has no such modes: there, the folder is in the user's profile. */
function isPrivate(folder: string): boolean {
  if (!process.getuid) return true
  const { uid, mode } = statSync(folder)
  const writableByOthers = 0o022
  return uid === process.getuid() && (mode & writableByOthers) === 0
}
