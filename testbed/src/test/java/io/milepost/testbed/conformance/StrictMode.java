package io.milepost.testbed.conformance;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;

/** What the tests of strict mode share: the addresses of pods, servers of their own, services. */
abstract class StrictMode extends OwnObjects {
    static final String V1 = "127.1.8.1";
    static final String V2 = "127.1.8.2";
    static final String V3 = "127.1.8.3";

    /** Closed after each test. */
    final List<AutoCloseable> servers = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable s : servers) {
            s.close();
        }
        servers.clear();
    }

    static String service(String name, String ip, String selector, String port) {
        return service(name, ip, selector, port, 9443);
    }

    static String service(String name, String ip, String selector, String port, int number) {
        return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {clusterIP: " + ip
                + ", selector: {" + selector + "}, ports: [{" + port + ", port: " + number + ", targetPort: " + number
                + "}]}\n---\n";
    }
}
