// The differences between a lock and what the sources have now.

import type { ChalkInstance } from 'chalk'
import { structuredPatch } from 'diff'
import { oneLine } from '../../core/printable.ts'

/** Lists the differing lines, table by table. */
export function renderLockDiff(path: string, before: string, after: string, style: ChalkInstance): string {
  const [old, now] = [sectionsOf(before), sectionsOf(after)]
  const blocks = [...new Set([...old.keys(), ...now.keys()])].toSorted().flatMap((title) => {
    const lines = changedLines(old.get(title), now.get(title))
    if (lines.length === 0) return []
    const coloured = lines.map((line) => (line.startsWith('+') ? style.green : style.red)(oneLine(line)))
    return [[style.bold(oneLine(title)), ...coloured].join('\n')]
  })
  return `${[`- ${oneLine(path)}\n+ the sources now`, ...blocks].join('\n\n')}\n\n`
}

function changedLines(before: string | undefined, after: string | undefined): readonly string[] {
  const { hunks } = structuredPatch('', '', before ?? '', after ?? '', '', '', { context: 0 })
  return hunks.flatMap(({ lines }) => lines)
}

/** Splits the text at its tables, titled `schemas › proxy › foreign_tables › orders`. Other lines belong to their parent. */
function sectionsOf(text: string): ReadonlyMap<string, string> {
  const sections = new Map<string, string>()
  const keys: { readonly indent: number; readonly key: string }[] = []
  for (const line of text.split('\n')) {
    const indent = line.length - line.trimStart().length
    if (line.trim() === '' || line.startsWith('#')) continue
    if (indent <= 2 * maximumDepth) {
      while ((keys.at(-1)?.indent ?? -1) >= indent) keys.pop()
      keys.push({ indent, key: line.trim().replace(/:( .*)?$/s, '') })
    }
    const title = keys.map(({ key }) => key).join(' › ')
    sections.set(title, `${sections.get(title) ?? ''}${line.slice(2 * Math.max(keys.length - 1, 0))}\n`)
  }
  return sections
}

/** The depth of a table, from 0: `schemas`, its schema, `foreign_tables`, its name. */
const maximumDepth = 3
