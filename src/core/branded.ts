// Nominal types: a value that only certain functions may produce.

declare const brand: unique symbol

/** A `Base` that only the functions that return a `Name` can produce: no other value is assignable to it. */
export type Branded<Base, Name extends string> = Base & { readonly [brand]: Name }
