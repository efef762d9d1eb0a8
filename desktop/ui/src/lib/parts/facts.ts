/** Something that is known, with its name. */
export interface Fact {
  label: string;
  value: string;
  /** A value for machines: in a fixed width, from left to right, to be copied. */
  code?: boolean;
}
