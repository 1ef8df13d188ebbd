// `fdwsync manifests`: lists the manifests of a database.

import { listManifests } from '../../api/manifests.ts'
import { exitCode } from '../../core/errors.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { connectTo, type TargetFlags, targetSettings } from '../environment.ts'
import { printRendered, renderOptions, type TextFlags } from '../terminal.ts'

export interface ManifestsFlags extends TextFlags, TargetFlags {
  readonly format: FormatName
}

export async function manifests(flags: ManifestsFlags): Promise<number> {
  const session = await connectTo(targetSettings(flags), [])('manifests')
  try {
    const list = await listManifests(session)
    const format = await formats[flags.format]()
    printRendered(format.manifests(list, renderOptions(flags)))
    return exitCode.done
  } finally {
    await session.close()
  }
}
