// Finds the part of a manifest that an error of the server is about: the piece of SQL at the reported position, or else the place
// of the quoted name.

import { groupBy, uniqueBy } from '../../core/data.ts'
import { Secret } from '../../core/secret.ts'
import { withoutSemicolon } from '../../core/sql.ts'
import type { Manifest, Path } from '../manifest.ts'
import { type Fragment, fragmentsOf } from './sql-fragments.ts'

export interface FragmentPlace {
  readonly path: Path
  /** A string index into the value; undefined if the key is meant. */
  readonly offset: number | undefined
}

/** @returns undefined if no piece of the object contains the place */
export function fragmentAt(
  manifest: Manifest,
  objectPath: Path,
  { statement, offset }: { readonly statement: string; readonly offset: number },
): FragmentPlace | undefined {
  const pieces = piecesBelow(manifest, objectPath)
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

/**
 * @param name a name that an error quotes
 * @returns where the declaration of the object has that name, if that is one place: a key, a value, or a word of its SQL
 */
export function namedAt(manifest: Manifest, objectPath: Path, name: string): FragmentPlace | undefined {
  const pieces = piecesBelow(manifest, objectPath)
  const inSql = pieces.flatMap(({ path, text }): readonly FragmentPlace[] => {
    const [offset] = occurrences(text.toLowerCase(), name.toLowerCase())
    return offset === undefined ? [] : [{ path, offset }]
  })
  const names = placesOf(valueAt(manifest, objectPath), objectPath, name)
  const [only, another] = uniqueBy([...inSql, ...names], ({ path }) => JSON.stringify(path))
  return another ? undefined : only
}

function valueAt(manifest: Manifest, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (hasParts(value) ? value[step] : undefined), manifest)
}

/** The keys and the values that are equal to a name. */
function placesOf(value: unknown, path: Path, name: string): readonly FragmentPlace[] {
  if (!hasParts(value)) return value === name ? [{ path, offset: 0 }] : []
  return Object.entries(value).flatMap(([key, part]) => [
    ...(key === name ? [{ path: [...path, key], offset: undefined }] : []),
    ...placesOf(part, [...path, key], name),
  ])
}

/** Lists are treated as maps by position. */
function hasParts(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Secret)
}

function piecesBelow(manifest: Manifest, objectPath: Path): readonly Fragment[] {
  const alone = onlyAt(manifest, objectPath) as Manifest // all keys of its parts are optional
  return [...fragmentsOf(alone)].filter(({ path }) => isBelow(path, objectPath))
}

/** The manifest with nothing but the object, so that thousands of errors need not each search all of it. */
function onlyAt(value: unknown, path: Path): unknown {
  const [step, ...rest] = path
  return step === undefined || !hasParts(value) || Array.isArray(value) ? value : { [step]: onlyAt(value[step], rest) }
}

function isBelow(path: Path, parent: Path): boolean {
  return parent.every((step, at) => step === path[at])
}

/** The piece as it is in a statement. */
function textOf({ text }: Fragment): string {
  return withoutSemicolon(text).trimEnd()
}

/** The positions of a text in a statement, without parts of words: `int` is not in `interval`. */
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
