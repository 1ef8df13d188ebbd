// One file of a manifest: its values as plain data, and their places in the text.

import { isScalar, type Node } from 'yaml'
import type { Place, Problem } from '../core/errors.ts'
import { type PathProblem, placedAt } from './checks/path-problem.ts'
import type { Path, References } from './manifest.ts'
import type { ManifestFile } from './texts.ts'
import { isOverlay, readYaml, type YamlDocument } from './yaml/read-yaml.ts'
import { findNode, offsetInside, placeAt, startOf } from './yaml/source-map.ts'

export interface ManifestDocument {
  readonly file: string
  readonly data: unknown
  /** Whether it changes what the files before it declare. */
  readonly isOverlay: boolean
  readonly usesVariables: boolean
  readonly problems: readonly PathProblem[]
  readonly references: References | undefined
  /** The place of a key or a value or, if the text does not have it, of the nearest one around it. */
  place(path: Path, atKey: boolean): Place
  placeInside(path: Path, offset: number): Place
}

/** @throws FdwsyncError if the text is not YAML, or uses features that a manifest may not use */
export function parseFile({ file, bytes, references }: ManifestFile): ManifestDocument {
  const { data, problems, document } = readYaml(file, bytes)
  return {
    file,
    data,
    isOverlay: isOverlay(data),
    usesVariables: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('${var:'),
    problems,
    references,
    place: (path, atKey) => placeAt(document().source, offsetOf(document().root, path, atKey)),
    placeInside: (path, offset) => placeAt(document().source, inside(document(), path, offset)),
  }
}

/** A problem with its place in the document. */
export function placed(document: Pick<ManifestDocument, 'place'>, found: PathProblem): Problem {
  return placedAt(found, document.place(found.path, found.atKey), found.other && document.place(found.other, true))
}

function offsetOf(root: Node, path: Path, atKey: boolean): number {
  const { node, key, exists } = findNode(root, path)
  if (!exists) return startOf(key) ?? startOf(node) ?? 0
  return (atKey ? startOf(key) : undefined) ?? startOf(node) ?? startOf(key) ?? 0
}

function inside({ source, root }: YamlDocument, path: Path, offset: number): number {
  const { node, exists } = findNode(root, path)
  return exists && isScalar(node) ? offsetInside(source, node, offset) : offsetOf(root, path, false)
}
