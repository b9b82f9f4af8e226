package io.milepost.hbone;

import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.util.SimpleKeyManagerFactory;
import java.net.Socket;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Gives each handshake the certificate that is current then, so that one TLS context serves for the whole life of a server
 * or client. A context made of a key and a certificate costs a key derivation of 60 to 200 ms, and would be made on the
 * event loop: by Armeria for every connection that comes when no other is open, by a client for each change.
 */
final class CurrentKeyManagers extends SimpleKeyManagerFactory {
    private final Keys keys;

    private CurrentKeyManagers(WorkloadCertificates certificates) {
        this.keys = new Keys(certificates);
    }

    /** The native form of a key is kept by its alias, of which each state of the certificates has its own. */
    static KeyManagerFactory of(WorkloadCertificates certificates) {
        return new OpenSslCachingX509KeyManagerFactory(new CurrentKeyManagers(certificates));
    }

    @Override
    protected void engineInit(KeyStore keyStore, char[] password) {}

    @Override
    protected void engineInit(ManagerFactoryParameters parameters) {}

    @Override
    protected KeyManager[] engineGetKeyManagers() {
        return new KeyManager[] {keys};
    }

    private static final class Keys extends X509ExtendedKeyManager {
        private final WorkloadCertificates certificates;
        private volatile State state;

        /** @param before a handshake may have begun with it */
        private record State(
                String alias,
                WorkloadCertificates.Bundle bundle,
                WorkloadCertificates.@Nullable Bundle before,
                String beforeAlias) {}

        Keys(WorkloadCertificates certificates) {
            this.certificates = certificates;
            this.state = new State("1", certificates.current(), null, "");
        }

        @SuppressWarnings("ReferenceEquality") // the contract of current(): the same instance until something changes
        private State current() {
            State s = state;
            WorkloadCertificates.Bundle now = certificates.current();
            if (s.bundle == now) {
                return s;
            }
            synchronized (this) {
                s = state;
                if (s.bundle != now) {
                    s = new State(String.valueOf(Long.parseLong(s.alias) + 1), now, s.bundle, s.alias);
                    state = s;
                }
                return s;
            }
        }

        private WorkloadCertificates.@Nullable Bundle bundle(@Nullable String alias) {
            State s = state;
            return s.alias.equals(alias) ? s.bundle : s.beforeAlias.equals(alias) ? s.before : null;
        }

        private @Nullable String aliasFor(String keyType) {
            State s = current();
            return keyType.startsWith(s.bundle.key().getAlgorithm()) ? s.alias : null;
        }

        @Override
        public @Nullable String chooseEngineServerAlias(
                String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
            return aliasFor(keyType);
        }

        @Override
        public @Nullable String chooseServerAlias(
                String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return aliasFor(keyType);
        }

        @Override
        public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
            String alias = aliasFor(keyType);
            return alias == null ? null : new String[] {alias};
        }

        @Override
        public @Nullable String chooseEngineClientAlias(
                String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
            for (String keyType : keyTypes) {
                String alias = aliasFor(keyType);
                if (alias != null) {
                    return alias;
                }
            }
            return null;
        }

        @Override
        public @Nullable String chooseClientAlias(
                String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return chooseEngineClientAlias(keyTypes, issuers, null);
        }

        @Override
        public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
            return getServerAliases(keyType, issuers);
        }

        @Override
        public X509Certificate @Nullable [] getCertificateChain(String alias) {
            WorkloadCertificates.Bundle b = bundle(alias);
            return b == null ? null : b.chain().toArray(X509Certificate[]::new);
        }

        @Override
        public @Nullable PrivateKey getPrivateKey(String alias) {
            WorkloadCertificates.Bundle b = bundle(alias);
            return b == null ? null : b.key();
        }
    }
}
