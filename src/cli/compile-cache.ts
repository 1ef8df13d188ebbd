// Lets Node keep what V8 compiles, for the next command: a fifth of what a short one takes. Needs Node 22.1; nothing depends on it.

import { mkdirSync, statSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

export function enableCompileCache(): void {
  // Not in the types of Node 20.
  const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: (folder: string) => unknown }
  const folder = enableCompileCache && userCacheFolder()
  // It reports, and does not throw, that it cannot write. NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE take precedence.
  if (folder) enableCompileCache(join(folder, 'fdwsync'))
}

/**
 * Undefined if it belongs to another user, as it can with sudo: that user could put other code there. For the same reason it is not Node's
 * default, which is the folder of temporary files.
 */
function userCacheFolder(): string | undefined {
  try {
    const folder = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return process.getuid && statSync(folder).uid !== process.getuid() ? undefined : folder
  } catch {
    return undefined
  }
}
