package io.milepost.testbed.demo;

/** A part of the demo's mesh that was started and must be stopped: a waypoint, a ztunnel, an application. */
interface MeshProcess extends AutoCloseable {
    /** One line for the user: what it is and where it listens. */
    String describe();

    @Override
    void close();
}
