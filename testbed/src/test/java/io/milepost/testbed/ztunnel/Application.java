package io.milepost.testbed.ztunnel;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An application of a pod: what it does with a connection is a few lines of blocking code. */
final class Application implements AutoCloseable {
    /** Serves one connection; it is closed afterwards. */
    interface Behaviour {
        void serve(Socket client) throws IOException, InterruptedException;
    }

    /** Answers what it gets until the client ends, then ends too. */
    static final Behaviour ECHO = socket -> socket.getInputStream().transferTo(socket.getOutputStream());

    private final ServerSocket listener;
    private final List<InetAddress> clients = new CopyOnWriteArrayList<>();
    private final List<Socket> open = new CopyOnWriteArrayList<>();

    Application(String address, int port, Behaviour behaviour) throws IOException {
        listener = new ServerSocket();
        listener.setReuseAddress(true);
        listener.bind(new InetSocketAddress(address, port));
        Thread.ofVirtual().start(() -> accept(behaviour));
    }

    private void accept(Behaviour behaviour) {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                clients.add(socket.getInetAddress());
                open.add(socket);
                Thread.ofVirtual().start(() -> serve(behaviour, socket));
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private static void serve(Behaviour behaviour, Socket socket) {
        try (socket) {
            behaviour.serve(socket);
        } catch (IOException e) {
            // The other side is gone: what it saw of that is what the test looks at.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Addresses that connections came from. */
    List<InetAddress> clients() {
        return clients;
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket s : open) {
            s.close();
        }
    }
}
