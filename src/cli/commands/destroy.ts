// `fdwsync destroy`: drops everything that a manifest owns.

import { destroy as destroyManifest } from '../../api/destroy.ts'
import { connectTo, targetSettings } from '../environment.ts'
import { loadManifest, type ManifestFlags } from '../load-manifest.ts'
import { needsName } from '../needed-references.ts'
import { type RunFlags, runPlan } from './run-plan.ts'

export interface DestroyFlags extends RunFlags, ManifestFlags {
  readonly manifest?: string
  readonly database?: string
}

export async function destroy(flags: DestroyFlags): Promise<number> {
  const settings = targetSettings(flags)
  const manifest = flags.manifest ?? (await loadManifest(flags.file, { ...flags, isNeeded: needsName })).manifest.name
  const request = {
    manifest,
    mustExist: flags.manifest !== undefined,
    connect: connectTo(settings, []),
    unattended: flags.autoApprove ?? false,
  }
  return runPlan({
    flags,
    allow: ['drops-data', 'drops-dependents'],
    // Nothing is loaded.
    jobs: 1,
    maxConnections: new Map(),
    sourceTimeoutMilliseconds: 0,
    destroys: true,
    readsStandardInput: flags.manifest === undefined && flags.file.includes('-'),
    start: (options, approve) => destroyManifest({ ...request, options }, approve),
  })
}
