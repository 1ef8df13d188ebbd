// The manifest's schema as fdwsync itself needs it: without what only helps in an editor. The options of known wrappers are such hints,
// since an option map takes any name.

/** Copies a part of the schema without examples, and without the known keys of maps that take any key. */
export function withoutHints<Part>(part: Part): Part {
  if (Array.isArray(part)) return part.map(withoutHints) as Part
  if (!isMap(part)) return part
  const isOpenMap = part.type === 'object' && isMap(part.additionalProperties)
  const isHint = ([keyword, value]: readonly [string, unknown]) =>
    (keyword === 'properties' && isOpenMap) || (keyword === 'examples' && Array.isArray(value))
  const kept = Object.entries(part).filter((entry) => !isHint(entry))
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, withoutHints(value)])) as Part
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
