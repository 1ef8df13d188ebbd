// `fdwsync completion`: prints the completion script of a shell. `fdwsync complete` is what the scripts call at each Tab.

import type { Command } from 'commander'
import { exitCode } from '../../core/errors.ts'
import { nameOfKind } from '../../core/object-pattern.ts'
import { loadManifest } from '../../library/load-manifest.ts'
import { schemaNames } from '../../library/schemas.ts'
import { candidates } from '../completion/candidates.ts'
import { completionScripts, type Shell } from '../completion/scripts.ts'
import { printResult } from '../output.ts'

export async function completion(shell: Shell): Promise<number> {
  printResult(completionScripts[shell])
  return exitCode.done
}

/** Prints nothing if something is wrong: an error has no place in the middle of a command line. */
export async function complete(root: Command, typed: readonly string[]): Promise<number> {
  const manifest = async (files: readonly string[]) =>
    (await loadManifest(files, { resolve: false, lock: false }).catch(() => undefined))?.manifest
  const kinds = async () => (await import('../../library/author.ts')).kinds.map(nameOfKind)
  const found = await candidates(root, typed, { manifest, schemas: schemaNames, kinds })
  printResult([...found.words, ...(found.files ? [':files'] : [])].map((word) => `${word}\n`).join(''))
  return exitCode.done
}
