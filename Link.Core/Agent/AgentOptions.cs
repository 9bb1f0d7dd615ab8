using System.Collections.Frozen;
using System.Net;
using Link.Core.Api.Access;
using Link.Core.Election;
using Link.Core.Logging;
using Link.Core.Net;
using Link.Core.Secrets;

namespace Link.Core.Agent;

/// <summary>
/// The agent's configuration, read once from the environment by <see cref="Read"/>. Variables have LinK's names and defaults;
/// those without a counterpart in LinK say so. Durations use Go's syntax (<see cref="GoDuration"/>).
/// </summary>
internal sealed partial record AgentOptions
{
    /// <summary>HOSTNAME: this host's name in etcd, 1 to 255 characters without <c>/</c>. Default: gethostname().</summary>
    public required string Hostname { get; init; }

    /// <summary>INTERFACE: where addresses are added, for endpoints that name none. Default: none.</summary>
    public string? Interface { get; init; }

    /// <summary>USER: the name for basic auth. Means nothing without <see cref="Password"/>, because shells export it. Default: the empty name.</summary>
    public string User { get; init; } = "";

    /// <summary>PASSWORD: turns basic auth of the TCP API on. Default: none.</summary>
    public Secret? Password { get; init; }

    /// <summary>True when the TCP API asks for <see cref="User"/> and <see cref="Password"/>.</summary>
    public bool BasicAuth => Password is not null;

    /// <summary>API_USERS_FILE (ours): file with users, a role each and the hash of a password, for the TCP API. Default: none.</summary>
    public string? ApiUsersFile { get; init; }

    /// <summary>API_TLS_CERT (ours): PEM file with the certificate of the TCP API; goes with <see cref="ApiTlsKey"/>. Default: none, which is no TLS.</summary>
    public string? ApiTlsCert { get; init; }

    /// <summary>API_TLS_KEY (ours): PEM file with the certificate's key. Default: none.</summary>
    public string? ApiTlsKey { get; init; }

    /// <summary>API_TLS_CLIENT_CA (ours): PEM file with the CAs of which a client over TCP must show a certificate. Default: none.</summary>
    public string? ApiTlsClientCa { get; init; }

    /// <summary>
    /// LOOPBACK (ours): owner, users of this host who may not use the Unix socket may only read over TCP; or open, they may do everything. Means nothing when
    /// the API asks who comes. Default owner.
    /// </summary>
    public LoopbackPolicy Loopback { get; init; }

    /// <summary>True when the TCP API asks who comes: for a password or for a certificate.</summary>
    public bool AsksWhoComes => BasicAuth || ApiUsersFile is not null || ApiTlsClientCa is not null;

    /// <summary>PORT: TCP port of the API. Default 1313.</summary>
    public int Port { get; init; } = 1313;

    /// <summary>
    /// BIND (ours): addresses on which the API listens, comma-separated, or <c>all</c>, which is <c>::</c> for both families.
    /// Default: 127.0.0.1 and ::1; all if the API asks who comes (PASSWORD, API_USERS_FILE or API_TLS_CLIENT_CA).
    /// </summary>
    public required IReadOnlyList<IPAddress> Bind { get; init; }

    /// <summary>SOCKET (ours): path of the API's Unix socket; null for none (empty or <c>none</c>). Default /run/link/link.sock.</summary>
    public string? Socket { get; init; } = DefaultSocket;

    /// <summary>KEEPALIVE_INTERVAL: period of the lease's renewal, 100ms to 1h. Default 3s.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>KEEPALIVE_RETRY: failed renewals in a row beyond this many mean that etcd is lost, 0 to 1000. Default 5.</summary>
    public int KeepAliveRetry { get; init; } = 5;

    /// <summary>The lease's time to live in seconds: five intervals, rounded up.</summary>
    public int LeaseTtlSeconds => (int)Math.Ceiling(5 * KeepAliveInterval.TotalSeconds);

    /// <summary>HEALTH_CHECK_INTERVAL: time between two rounds of an endpoint's checks, 100ms to 1h, unless the endpoint says otherwise. Default 5s.</summary>
    public TimeSpan HealthCheckInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>HEALTH_CHECK_TIMEOUT: deadline of one check, 10ms to 1h. Default 5s.</summary>
    public TimeSpan HealthCheckTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>FAIL_COUNT_BEFORE_FAILOVER: failed rounds in a row that make an endpoint FAILING, 1 to 1000. Default 3.</summary>
    public int FailCountBeforeFailover { get; init; } = 3;

    /// <summary>ETCD_HOSTS: URLs of etcd's members, comma-separated, as given. May hold a password: show it through <see cref="Describe"/> only. Required.</summary>
    public required string EtcdHosts { get; init; }

    /// <summary>ETCD_TLS_CERT: PEM file with the client certificate; goes with <see cref="EtcdTlsKey"/>. Default: none.</summary>
    public string? EtcdTlsCert { get; init; }

    /// <summary>ETCD_TLS_KEY: PEM file with the client certificate's key. Default: none.</summary>
    public string? EtcdTlsKey { get; init; }

    /// <summary>ETCD_CACERT: PEM file with the CAs to trust. Default: the system's.</summary>
    public string? EtcdCaCert { get; init; }

    /// <summary>ETCD_USER (ours): user of etcd's authentication; goes with <see cref="EtcdPassword"/>. Default: none.</summary>
    public string? EtcdUser { get; init; }

    /// <summary>ETCD_PASSWORD (ours). Default: none.</summary>
    public Secret? EtcdPassword { get; init; }

    /// <summary>PLUGIN_ENSURE_INTERVAL: period of a plugin's control loop, 100ms to 1h. ARP_GRATUITOUS_INTERVAL is its older name. Default 1s.</summary>
    public TimeSpan PluginEnsureInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>PLUGIN_ENSURE_MAX_BACKOFF_INTERVAL: the longest period after failures; above <see cref="PluginEnsureInterval"/>, up to 24h. Default 10m.</summary>
    public TimeSpan PluginEnsureMaxBackoffInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// PLUGIN_FAIL_COUNT_BEFORE_FAILOVER (ours): so many failed activations in a row of an output outside this host give the endpoint to another host,
    /// if one competes, 0 to 1000; 0: never. Default 3.
    /// </summary>
    public int PluginFailCountBeforeFailover { get; init; } = 3;

    /// <summary>ARP_GRATUITOUS_COUNT: rounds of the control loop that announce after an activation, 0 to 1000. Default 3.</summary>
    public int ArpGratuitousCount { get; init; } = 3;

    /// <summary>MAX_NUMBER_OF_ENDPOINTS: endpoints this host may have, up to 1000000; -1: any number. Default 1000.</summary>
    public int MaxNumberOfEndpoints { get; init; } = 1000;

    /// <summary>
    /// SECRET_STORAGE_ENCRYPTION_KEY: 32 characters or more; needed by plugins with secrets. Also from the file that SECRET_STORAGE_ENCRYPTION_KEY_FILE (ours)
    /// names, or from the systemd credential <c>secret-storage-encryption-key</c>. Default: none.
    /// </summary>
    public Secret? SecretStorageEncryptionKey { get; init; }

    /// <summary>
    /// SECRET_STORAGE_ALTERNATE_KEYS: older keys, comma-separated, each 32 characters or more. Also from the file that SECRET_STORAGE_ALTERNATE_KEYS_FILE (ours)
    /// names, or from the systemd credential <c>secret-storage-alternate-keys</c>, one a line. Default: none.
    /// </summary>
    public IReadOnlyList<Secret> SecretStorageAlternateKeys { get; init; } = [];

    /// <summary>
    /// SECRET_STORAGE_FORMAT (ours): aes-256-gcm-bound; or, for those who may go back, aes-256-gcm to version 1.0 and aes-cfb-sha512 to LinK.
    /// Default aes-256-gcm-bound.
    /// </summary>
    public SecretFormat SecretStorageFormat { get; init; } = SecretFormat.AesGcmBound;

    /// <summary>SECRET_STORAGE_REQUIRE_BOUND (ours): yes or no; yes: secrets that are not bound to their destination do not open. Default no.</summary>
    public bool SecretStorageRequireBound { get; init; }

    /// <summary>OUTSCALE_PUBLIC_IP_REFRESH_INTERVAL: period of the outscale plugin's check, 1s to 24h. Default 1m.</summary>
    public TimeSpan OutscalePublicIpRefreshInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>OSC_ENDPOINT_API (ours): where the Outscale API is, with its path; https, or http on a loopback address. Default: each region's own.</summary>
    public Uri? OscEndpointApi { get; init; }

    /// <summary>GO_ENV: <c>test</c> lets the outscale plugin take the region test-region; anything else means nothing. Default: none.</summary>
    public string? GoEnv { get; init; }

    /// <summary>WEBHOOK_REFRESH_INTERVAL: period of the webhook plugin's calls while ACTIVATED, 1s to 24h. Default 5m.</summary>
    public TimeSpan WebhookRefreshInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// WEBHOOK_ALLOW (ours): addresses and prefixes, comma-separated, that webhooks may call although they are link-local, a cloud's metadata or no host.
    /// Default: none.
    /// </summary>
    public IReadOnlyList<IPNetwork> WebhookAllow { get; init; } = [];

    /// <summary>
    /// EXEC_DIRECTORIES (ours): absolute paths, comma-separated, below which plugin exec finds its programs; empty for no program at all
    /// (<c>none</c>). Default /usr/local/lib/link.
    /// </summary>
    public IReadOnlyList<string> ExecDirectories { get; init; } = [DefaultExecDirectory];

    /// <summary>
    /// PROTECTED_ADDRESSES_EXCEPT (ours): addresses, comma-separated, that this host may hold although it needs them itself: etcd's, a gateway's, a name
    /// server's, its own, another host's own. Default: none.
    /// </summary>
    public IReadOnlySet<HostAddress> ProtectedAddressesExcept { get; init; } = FrozenSet<HostAddress>.Empty;

    /// <summary>
    /// EXEC_ENVIRONMENT_ALLOW (ours): the variables that an endpoint's <c>environment</c> may set, names or beginnings with a * behind, comma-separated;
    /// besides LINK_ENV_*, LANG and LC_*. Default: none.
    /// </summary>
    public IReadOnlyList<string> ExecEnvironmentAllow { get; init; } = [];

    /// <summary>
    /// EXEC_SOCKET (ours): Unix socket of the service that runs programs as a user of their own; null (<c>none</c>): the agent runs them itself, as its
    /// own user. Default none; the packages' unit sets it.
    /// </summary>
    public string? ExecSocket { get; init; }

    /// <summary>CORE_DUMPS (ours): <c>yes</c> lets a crash write the process's memory, with its secrets, and debuggers in. Default no.</summary>
    public bool CoreDumps { get; init; }

    /// <summary>ON_ETCD_LOSS (ours): claim, hold or release, for endpoints that say nothing. Default claim, LinK's promise.</summary>
    public EtcdLossPolicy OnEtcdLoss { get; init; } = EtcdLossPolicy.Claim;

    /// <summary>ON_STOP (ours): keep, drain or leave. Default keep.</summary>
    public StopPolicy OnStop { get; init; } = StopPolicy.Keep;

    /// <summary>LOG_LEVEL (ours): debug, info, warning or error. Default info.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Info;
}
