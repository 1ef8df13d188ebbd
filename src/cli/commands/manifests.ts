// `fdwsync manifests`: lists the manifests of a database.

import { exitCode } from '../../core/errors.ts'
import { manifests as listManifests } from '../../library/inspect.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { type TargetFlags, targetOf } from '../environment.ts'
import { printRendered, renderOptions, type TextFlags } from '../terminal.ts'

export interface ManifestsFlags extends TextFlags, TargetFlags {
  readonly format: FormatName
}

export async function manifests(flags: ManifestsFlags): Promise<number> {
  const list = await listManifests(targetOf(flags))
  const format = await formats[flags.format]()
  printRendered(format.manifests(list, renderOptions(flags)))
  return exitCode.done
}
