import type { Path } from './manifest.ts'

/** Keys of MANIFEST.md that this release does not know yet, wherever they stand. */
const laterKeys: ReadonlySet<string> = new Set(['refresh', 'protect', 'renamed_from'])

/** Keys that are known elsewhere, but not here yet. */
const laterThere: Readonly<Record<string, ReadonlySet<string>>> = {
  imports: new Set(['types']),
  mirrors: new Set(['types']),
}

/** Whether a key is one of MANIFEST.md that this release does not know yet, rather than a mistake. */
export function isLater(key: string, path: Path): boolean {
  return laterKeys.has(key) || laterThere[String(path.at(-2))]?.has(key) === true
}
