// How attributes that a manifest leaves open are settled, as in a three-way merge.
/**
 * The wanted value of an attribute that a manifest may leave open (owner, comment, storage parameters …).
 * Declared: that value. Not declared, but declared at the last apply: the default. Never declared: the live value.
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
