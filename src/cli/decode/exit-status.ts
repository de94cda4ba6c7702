/** What `martlet decode` ends with, besides what every command may. The numbers are API. */
export const DecodeStatus = {
  /** All packets are whole and right. */
  RIGHT: 0,
  /** At least one is wrong. */
  WRONG: 1,
  /** What is there is right, but the last packet is not whole. */
  INCOMPLETE: 3,
} as const;
export type DecodeStatus = (typeof DecodeStatus)[keyof typeof DecodeStatus];
