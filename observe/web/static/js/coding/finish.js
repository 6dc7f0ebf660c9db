// @ts-check
/** Before submitting: what waits on this computer goes first, and the page then tells the truth. */
import { resendUnsent } from "../journal.js";

const { recovered } = await resendUnsent();
if (recovered) location.reload();
