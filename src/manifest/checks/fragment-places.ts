// Finds the piece of SQL in a manifest that a part of a statement comes from.

import { groupBy } from '../../core/data.ts'
import { withoutSemicolon } from '../../core/sql.ts'
import type { Manifest, Path } from '../manifest.ts'
import { type Fragment, fragmentsOf } from './sql-fragments.ts'

export interface FragmentPlace {
  readonly path: Path
  /** A string index into the piece. */
  readonly offset: number
}

/** @returns undefined if no piece of the object contains the place */
export function fragmentAt(
  manifest: Manifest,
  objectPath: Path,
  { statement, offset }: { readonly statement: string; readonly offset: number },
): FragmentPlace | undefined {
  const pieces = fragmentsOf(manifest).filter(({ path }) => objectPath.every((step, at) => step === path[at]))
  const byText = groupBy(pieces, textOf)
  let longest: { readonly text: string; readonly start: number; readonly count: number } | undefined
  for (const text of byText.keys()) {
    const starts = occurrences(statement, text)
    const count = starts.findIndex((start) => start <= offset && offset <= start + text.length)
    const start = starts[count]
    if (start !== undefined && text.length > (longest?.text.length ?? 0)) longest = { text, start, count }
  }
  if (!longest) return undefined
  // Statements have equal pieces in the order of the manifest.
  const alike = byText.get(longest.text) ?? []
  const piece = alike[Math.min(longest.count, alike.length - 1)]
  return piece && { path: piece.path, offset: offset - longest.start }
}

/** The piece as it is in a statement. */
function textOf({ text }: Fragment): string {
  return withoutSemicolon(text).trimEnd()
}

/** Where a text is in a statement, but for parts of words: `int` is not in `interval`. */
function occurrences(statement: string, text: string): readonly number[] {
  const starts: number[] = []
  if (text === '') return starts
  for (let at = statement.indexOf(text); at >= 0; at = statement.indexOf(text, at + 1)) {
    const isWhole =
      !(isWord(text[0]) && isWord(statement[at - 1])) && !(isWord(text.at(-1)) && isWord(statement[at + text.length]))
    if (isWhole) starts.push(at)
  }
  return starts
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_$]/u.test(character)
}
