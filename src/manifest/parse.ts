// Parses the files of a manifest: YAML, one map of all of them, variables, the JSON Schema, references, then the rules. Imports and
// mirrors are expanded later, since that may need their sources.

import { uniqueBy } from '../core/data.ts'
import { FdwsyncError, type Place, type Problem } from '../core/errors.ts'
import type { PathProblem } from './checks/path-problem.ts'
import { optionValueProblems } from './checks/postgres-fdw-options.ts'
import { ruleProblems } from './checks/rules.ts'
import { type Composition, compose, type Documents } from './composition/compose.ts'
import { variablesOf, withVariables } from './composition/variables.ts'
import { parseFile, placed } from './document.ts'
import { importRequests } from './expansion/imports.ts'
import validate from './generated/validate-manifest.js'
import type { Manifest, ParsedManifest, Path, References } from './manifest.ts'
import { digestOf, type ManifestFile, type ManifestTexts } from './texts.ts'
import { type Resolved, resolveReferences, textAt } from './yaml/references.ts'

/**
 * Parses a manifest that is one text without variables.
 * @param file its name in messages
 * @param references resolves `${…}`; undefined leaves them unresolved
 * @throws FdwsyncError with all independent problems and their places
 */
export function parseManifest(
  file: string,
  bytes: Uint8Array,
  references: References | undefined,
): Promise<ParsedManifest> {
  return parseManifestFiles({ files: [{ file, bytes, references }], variables: {} })
}

/**
 * @param isNeeded whether the value at a path is needed, so that it is a problem if it cannot be resolved
 * @throws FdwsyncError with all independent problems and their places
 */
export async function parseManifestFiles(
  texts: ManifestTexts,
  isNeeded?: (path: Path) => boolean,
): Promise<ParsedManifest> {
  const [first, ...later] = texts.files
  const documents: Documents = [parseFile(first), ...later.map(parseFile)]
  const composed = compose(documents)
  const at = (found: PathProblem): Problem => placed(composed, found)
  const throwIfAny = (problems: readonly Problem[]) => throwSorted(problems, texts.files)
  const { variables, problems: unfit } = variablesOf(composed.data, texts.variables)
  const usesVariables = documents.some((document) => document.usesVariables)
  const isUnresolved = documents.some(({ references }) => references === undefined)
  const { data, problems } = usesVariables
    ? withVariables(composed.data, variables, isUnresolved ? () => false : (isNeeded ?? (() => true)))
    : { data: composed.data, problems: [] }
  // Everything below relies on the shape that the schema guarantees.
  const misshapen = [...unfit, ...problems, ...(await schemaErrors(data))].map(at)
  throwIfAny(onePerPlace([...composed.problems, ...misshapen]))
  const referencesAt = isUnresolved ? undefined : (path: Path) => composed.fileOf(path).references
  const resolved = resolveReferences(data, referencesAt, isNeeded)
  const manifest = resolved.data as Manifest // validated above
  const broken = [...resolved.problems, ...ruleProblems(manifest).map((found) => withReference(found, resolved))]
  const optionProblems = optionValueProblems(manifest).map((found) => withReference(found, resolved))
  throwIfAny((broken.length > 0 ? [...broken, ...optionProblems] : []).map(at))
  const secretPlaces = placesOfSecrets(documents, composed, resolved)
  return {
    manifest,
    requests: importRequests(manifest),
    place: (path) => composed.place(path, true),
    placeInside: composed.placeInside,
    secrets: resolved.secrets,
    references: resolved.references,
    variables,
    isUnresolved: isUnresolved || resolved.unresolved.length > 0,
    unresolved: resolved.unresolved.map((found) => ({ path: found.path, problem: at(found) })),
    written: data,
    withReferences: resolved.withReferences as Manifest | undefined, // it has the shape of the manifest
    digest: secretPlaces.length > 0 ? undefined : digestOf(texts),
    optionProblems: optionProblems.map((found) => ({ path: found.path, problem: at(found) })),
    warnings: secretPlaces.map(({ name, place }) => ({
      code: 'manifest/plaintext-secret',
      message: `the manifest contains the secret "${name}" in plain text`,
      place,
      hint: 'Keep it out of Git: use ${env:NAME} or ${file:path}.',
    })),
  }
}

/** The places of secrets in plain text, even of those that an overlay replaces. */
function placesOfSecrets(
  documents: Documents,
  composed: Pick<Composition, 'place'>,
  { plaintextSecrets }: Resolved,
): readonly { readonly name: string; readonly place: Place }[] {
  const placesIn = (paths: readonly Path[], { place }: Pick<Composition, 'place'>) =>
    paths.map((path) => ({ name: String(path.at(-1)), place: place(path, false) }))
  const all = placesIn(plaintextSecrets, composed)
  if (documents.length === 1) return all
  const ofFiles = documents.flatMap((each) => placesIn(resolveReferences(each.data, undefined).plaintextSecrets, each))
  return uniqueBy([...all, ...ofFiles], ({ place }) => `${place.file}:${place.line}:${place.column}`)
}

/** A message quotes the reference and not its value, which may be a secret that was put in a wrong place. */
function withReference(found: PathProblem, { data, withReferences }: Resolved): PathProblem {
  const [value, reference] = [textAt(data, found.path), textAt(withReferences, found.path)]
  if (!value || reference === undefined || value === reference) return found
  return { ...found, problem: { ...found.problem, message: found.problem.message.replaceAll(value, () => reference) } }
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
    const where = `${place?.file}:${place?.line}:${place?.column}`
    return seen.has(where) ? false : seen.add(where)
  })
}

/** Sorts problems in the order of the files and lines. */
function throwSorted(problems: readonly Problem[], files: readonly Pick<ManifestFile, 'file'>[]): void {
  if (problems.length === 0) return
  const names = files.map(({ file }) => file)
  const rank = ({ place }: Problem): readonly number[] =>
    place ? [names.indexOf(place.file), place.line, place.column] : []
  throw new FdwsyncError(problems.toSorted((left, right) => compareRanks(rank(left), rank(right))))
}

function compareRanks(left: readonly number[], right: readonly number[]): number {
  const differing = left.findIndex((value, at) => value !== right[at])
  return differing < 0 ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0)
}
