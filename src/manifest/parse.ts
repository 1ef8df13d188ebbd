// Parses the text of a manifest: YAML, the JSON Schema, references, then the rules. Imports and mirrors are expanded later,
// since that may need their sources.

import { createHash } from 'node:crypto'
import { isScalar, type Node } from 'yaml'
import { FdwsyncError, type Problem } from '../core/errors.ts'
import type { PathProblem } from './checks/path-problem.ts'
import { optionValueProblems } from './checks/postgres-fdw-options.ts'
import { ruleProblems } from './checks/rules.ts'
import { importRequests } from './expansion/imports.ts'
import validate from './generated/validate-manifest.js'
import type { Manifest, ParsedManifest, Path, References } from './manifest.ts'
import { readYaml, type YamlDocument } from './yaml/read-yaml.ts'
import { type Resolved, resolveReferences, textAt } from './yaml/references.ts'
import { findNode, offsetInside, placeAt, startOf } from './yaml/source-map.ts'

/**
 * @param file its name in messages
 * @param references resolves `${…}`; undefined leaves them unresolved
 * @param isNeeded whether the value at a path is needed, so that it is a problem if it cannot be resolved
 * @throws FdwsyncError with all independent problems and their places
 */
export async function parseManifest(
  file: string,
  bytes: Uint8Array,
  references: References | undefined,
  isNeeded?: (path: Path) => boolean,
): Promise<ParsedManifest> {
  const { data, problems, document } = readYaml(file, bytes)
  const place = (path: Path, atKey: boolean) => placeAt(document().source, offsetOf(document().root, path, atKey))
  const at = ({ path, atKey, problem, other }: PathProblem): Problem => {
    const elsewhere = other && place(other, true)
    const message = elsewhere ? `${problem.message} at ${file}:${elsewhere.line}:${elsewhere.column}` : problem.message
    return { ...problem, message, place: place(path, atKey) }
  }
  // Everything below relies on the shape that the schema guarantees.
  throwIfAny(onePerPlace([...problems, ...(await schemaErrors(data))].map(at)), document)
  const resolved = resolveReferences(data, references, isNeeded)
  const manifest = resolved.data as Manifest // validated above
  const broken = [...resolved.problems, ...ruleProblems(manifest).map((found) => withReference(found, resolved))]
  const optionProblems = optionValueProblems(manifest).map((found) => withReference(found, resolved))
  throwIfAny((broken.length > 0 ? [...broken, ...optionProblems] : []).map(at), document)
  return {
    manifest,
    requests: importRequests(manifest),
    place: (path) => place(path, true),
    placeInside: (path, offset) => placeAt(document().source, inside(document(), path, offset)),
    secrets: resolved.secrets,
    references: resolved.references,
    isUnresolved: references === undefined || resolved.unresolved.length > 0,
    unresolved: resolved.unresolved.map((found) => ({ path: found.path, problem: at(found) })),
    written: data,
    withReferences: resolved.withReferences as Manifest | undefined, // it has the shape of the manifest
    digest: resolved.plaintextSecrets.length > 0 ? undefined : textDigest(bytes),
    optionProblems: optionProblems.map((found) => ({ path: found.path, problem: at(found) })),
    warnings: resolved.plaintextSecrets.map((path) => ({
      code: 'manifest/plaintext-secret',
      message: `the manifest contains the secret "${String(path.at(-1))}" in plain text`,
      place: place(path, false),
      hint: 'Keep it out of Git: use ${env:NAME} or ${file:path}.',
    })),
  }
}

/** A message quotes a reference, not what it resolves to: that may be a secret of the machine, in a wrong place. */
function withReference(found: PathProblem, { data, withReferences }: Resolved): PathProblem {
  const [value, reference] = [textAt(data, found.path), textAt(withReferences, found.path)]
  if (!value || reference === undefined || value === reference) return found
  return { ...found, problem: { ...found.problem, message: found.problem.message.replaceAll(value, () => reference) } }
}

/** The SHA-256 of a manifest's text, as `sha256sum` prints it. */
export function textDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function schemaErrors(data: unknown): Promise<readonly PathProblem[]> {
  if (validate(data)) return []
  // Taken before the import is awaited: the errors belong to the validator, and another parse would replace them.
  const errors = validate.errors ?? []
  // The messages need the schema itself, which is loaded only if something is wrong.
  const { schemaProblems } = await import('./checks/schema-problems.ts')
  return schemaProblems(errors)
}

/** Keeps the first problem at each place. It usually causes the others. */
function onePerPlace(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>()
  return problems.filter(({ place }) => {
    const where = `${place?.line}:${place?.column}`
    return seen.has(where) ? false : seen.add(where)
  })
}

function throwIfAny(problems: readonly Problem[], document: () => YamlDocument): void {
  if (problems.length === 0) return
  const { source } = document()
  const offset = ({ place }: Problem) => (place ? (source.lines.lineStarts[place.line - 1] ?? 0) + place.column : 0)
  throw new FdwsyncError([...problems].sort((left, right) => offset(left) - offset(right)))
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
