// The manifests of a database, as text.

import type { ManifestList, ManifestSummary } from '../../core/manifest-summary.ts'
import { oneLine } from '../../core/printable.ts'
import type { RenderOptions } from '../format.ts'
import { counted, pad, widthOf, wrap } from './layout.ts'
import { countedByKind } from './objects.ts'
import { agoText } from './status.ts'

/** One entry for each manifest, by name. */
export function renderManifests({ database, manifests }: ManifestList, options: RenderOptions): string {
  const { style, columns } = options
  const head = wrap(`fdwsync manifests · ${oneLine(database)}`, columns, '', '      ').map((line) => style.bold(line))
  if (manifests.length === 0) return `${[...head, '', 'No manifest was applied to this database.'].join('\n')}\n`
  const width = Math.max(...manifests.map(({ manifest }) => widthOf(oneLine(manifest))))
  const entries = manifests.flatMap((summary) => [
    ...wrap(`${pad(oneLine(summary.manifest), width)}  ${counted(summary.objects, 'object')}`, columns, '  ', '      '),
    ...detailsOf(summary).flatMap((text) => wrap(text, columns, '      ').map((line) => style.dim(line))),
  ])
  return `${[...head, '', ...entries].join('\n')}\n`
}

function detailsOf({ byKind, lastApplied, secondsAgo, outcome, appliedBy, firstApplied, commit }: ManifestSummary) {
  const kinds = countedByKind(byKind)
  const by = appliedBy === null ? '' : ` by ${oneLine(appliedBy)}`
  const at = commit === null ? '' : ` · commit ${oneLine(commit.slice(0, 12))}`
  const last = lastApplied === null ? 'never applied' : `${outcome ?? ''} ${agoText(secondsAgo ?? 0)}${by}${at}`
  const first = firstApplied === null ? '' : ` · first applied ${firstApplied.slice(0, 10)}`
  return [...(kinds.length === 0 ? [] : [kinds.join(', ')]), `${last}${first}`]
}
