package io.milepost.config.kube;

import java.util.Random;

/** Draws the pieces of random objects; equal seeds give equal texts. */
abstract class RandomText {
    final Random random;

    RandomText(Random random) {
        this.random = random;
    }

    final String any(String... of) {
        return of[random.nextInt(of.length)];
    }

    final boolean one(int of) {
        return random.nextInt(of) == 0;
    }

    /** The text, or nothing. */
    final String maybe(int oneOf, String text) {
        return one(oneOf) ? text : "";
    }
}
