// `fdwsync destroy`: drops everything that a manifest owns.

import { destroy as destroyManifest } from '../../library/apply.ts'
import { loadManifest } from '../../library/load-manifest.ts'
import { needsName } from '../../library/needed-references.ts'
import { loadingOptions, type ManifestFlags } from '../load-manifest.ts'
import { type RunFlags, runPlan } from './run-plan.ts'

export interface DestroyFlags extends RunFlags, ManifestFlags {
  readonly manifest?: string
}

export async function destroy(flags: DestroyFlags): Promise<number> {
  const loading = { ...loadingOptions(flags, { isNeeded: needsName }), lock: false }
  const manifest = flags.manifest ?? (await loadManifest(flags.file, loading)).manifest.name
  return runPlan({
    flags,
    command: 'destroy',
    readsStandardInput: flags.manifest === undefined && flags.file.includes('-'),
    start: (options) => destroyManifest(manifest, { ...options, mustExist: flags.manifest !== undefined }),
  })
}
