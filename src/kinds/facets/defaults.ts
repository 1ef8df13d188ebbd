/**
 * What is wanted of an attribute that a manifest may leave open (owner, comment, storage parameters …).
 * Declared: that. Not declared, but declared when last applied: back to the default, as in a three-way merge.
 * Never declared: left as it is; undefined stands for "leave alone".
 */
export function settle<Value>(
  declared: Value | undefined,
  last: Value | undefined,
  live: Value | undefined,
  fallback: Value,
): Value | undefined {
  if (declared !== undefined) return declared
  return last !== undefined ? fallback : live
}
