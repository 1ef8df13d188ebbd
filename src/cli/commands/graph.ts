// `fdwsync graph`: draws what reads what in a manifest.

import { exitCode } from '../../core/errors.ts'
import { graph as graphOf } from '../../library/author.ts'
import { loadManifest } from '../../library/load-manifest.ts'
import { dot } from '../../render/graph/dot.ts'
import { mermaid } from '../../render/graph/mermaid.ts'
import { loadingOptions, type ManifestFlags } from '../load-manifest.ts'
import { printResult } from '../output.ts'

export interface GraphFlags extends ManifestFlags {
  readonly format: 'mermaid' | 'dot'
}

export async function graph({ file, format, ...flags }: GraphFlags): Promise<number> {
  // A diagram needs no secrets, so references that cannot be resolved stay as they are.
  const parsed = await loadManifest(file, loadingOptions(flags, { isNeeded: () => false }))
  printResult({ mermaid, dot }[format](await graphOf(parsed)))
  return exitCode.done
}
