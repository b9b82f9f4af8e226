package io.milepost.waypoint.upstream;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP/1.1 application that answers a request each time the test lets it, and counts connections. */
final class GateServer implements AutoCloseable {
    private final ServerSocket listening;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final Semaphore gate = new Semaphore(0);
    final AtomicInteger accepted = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
    final AtomicInteger requests = new AtomicInteger();
    final List<String> firstLines = new CopyOnWriteArrayList<>();

    GateServer() throws IOException {
        listening = new ServerSocket(0, 256, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    private void accept() {
        try {
            while (true) {
                Socket s = listening.accept();
                accepted.incrementAndGet();
                sockets.add(s);
                Thread.ofVirtual().start(() -> serve(s));
            }
        } catch (IOException e) {
            // The listener was closed: the test is over.
            closed.addAndGet(0);
        }
    }

    private void serve(Socket s) {
        try (s) {
            var in = new BufferedReader(new InputStreamReader(s.getInputStream(), StandardCharsets.US_ASCII));
            String line;
            boolean first = true;
            while ((line = in.readLine()) != null) {
                if (first) {
                    firstLines.add(line);
                    first = false;
                }
                if (line.isEmpty()) {
                    first = true;
                    requests.incrementAndGet();
                    gate.acquire();
                    s.getOutputStream()
                            .write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
                                    .getBytes(StandardCharsets.US_ASCII));
                }
            }
        } catch (IOException | InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closed.incrementAndGet();
        }
    }

    int port() {
        return listening.getLocalPort();
    }

    void answer(int n) {
        gate.release(n);
    }

    @Override
    public void close() throws IOException {
        listening.close();
        gate.release(1_000);
        for (Socket s : sockets) {
            s.close();
        }
    }
}
