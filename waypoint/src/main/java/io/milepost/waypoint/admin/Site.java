package io.milepost.waypoint.admin;

/** What one port answers. May block; not called on event loops. */
@FunctionalInterface
interface Site {
    Answer answer(Question question);
}
