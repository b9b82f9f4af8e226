package io.milepost.testbed.fidelity;

import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;

/** How the player starts a waypoint. Implementations are found by {@link ServiceLoader}, or MILEPOST in the environment names a command line. */
public interface WaypointUnderTest {
    /**
     * What a waypoint is started with.
     *
     * @param config directory of the YAML
     * @param gateway namespace/name of its Gateway
     * @param ip its own address; it serves HBONE on port 15008 of it
     * @param accessLog file to which the lines that would go to stdout are appended
     */
    record Launch(Path config, String gateway, String ip, Path root, Path cert, Path key, Path accessLog) {}

    /** Starts a waypoint and returns once it accepts tunnels; closing stops it and frees its address. */
    AutoCloseable start(Launch launch) throws Exception;

    /** The waypoint to test: MILEPOST's command line, else the first implementation on the class path. */
    static Optional<WaypointUnderTest> find() {
        String command = System.getenv("MILEPOST");
        if (command != null && !command.isBlank()) {
            return Optional.of(new CommandWaypoint(command));
        }
        return ServiceLoader.load(WaypointUnderTest.class).findFirst();
    }
}
