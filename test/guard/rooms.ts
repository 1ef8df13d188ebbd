// The rooms of src from the ground up: the order in which they may import each other.

/** A room may import those on the lines before it. Those on one line do not know each other. */
export const roomsFromTheGroundUp: readonly (readonly string[])[] = [
  ['core'],
  ['parser', 'db'],
  ['manifest'],
  ['kinds'],
  ['introspector'],
  ['ledger'],
  ['probe', 'sources'],
  ['dependents'],
  ['differ'],
  ['loader'],
  ['planner'],
  ['applier'],
  ['render'],
  ['exporter'],
  ['api'],
  ['library'],
  ['demo'],
  ['cli'],
]
