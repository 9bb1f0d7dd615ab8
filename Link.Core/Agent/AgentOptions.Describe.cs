using System.Collections.Frozen;
using System.Globalization;
using Link.Core.Api.Access;
using Link.Core.Secrets;

namespace Link.Core.Agent;

internal sealed partial record AgentOptions
{
    private const string None = "none";

    private IReadOnlySet<string> _fromEnvironment = FrozenSet<string>.Empty;

    /// <summary>The configuration in effect, one setting a line, in the order of the documentation. Shows no secret.</summary>
    public IReadOnlyList<EffectiveSetting> Describe() =>
    [
        Setting("HOSTNAME", Hostname),
        Setting("INTERFACE", Interface),
        Setting("USER", BasicAuth ? User : null),
        Setting("PASSWORD", Password),
        Setting("PORT", Port),
        Setting("BIND", string.Join(',', Bind)),
        Setting("SOCKET", Socket),
        Setting("API_USERS_FILE", ApiUsersFile),
        Setting("API_TLS_CERT", ApiTlsCert),
        Setting("API_TLS_KEY", ApiTlsKey),
        Setting("API_TLS_CLIENT_CA", ApiTlsClientCa),
        Setting("LOOPBACK", Loopback == LoopbackPolicy.Open ? "open" : "owner"),
        Setting("KEEPALIVE_INTERVAL", KeepAliveInterval),
        Setting("KEEPALIVE_RETRY", KeepAliveRetry),
        Setting("HEALTH_CHECK_INTERVAL", HealthCheckInterval),
        Setting("HEALTH_CHECK_TIMEOUT", HealthCheckTimeout),
        Setting("FAIL_COUNT_BEFORE_FAILOVER", FailCountBeforeFailover),
        Setting("ETCD_HOSTS", UrlPassword.Hide(EtcdHosts)),
        Setting("ETCD_TLS_CERT", EtcdTlsCert),
        Setting("ETCD_TLS_KEY", EtcdTlsKey),
        Setting("ETCD_CACERT", EtcdCaCert),
        Setting("ETCD_USER", EtcdUser),
        Setting("ETCD_PASSWORD", EtcdPassword),
        Setting("PLUGIN_ENSURE_INTERVAL", PluginEnsureInterval),
        Setting("PLUGIN_ENSURE_MAX_BACKOFF_INTERVAL", PluginEnsureMaxBackoffInterval),
        Setting("PLUGIN_FAIL_COUNT_BEFORE_FAILOVER", PluginFailCountBeforeFailover),
        Setting("ARP_GRATUITOUS_COUNT", ArpGratuitousCount),
        Setting("MAX_NUMBER_OF_ENDPOINTS", MaxNumberOfEndpoints),
        Setting("SECRET_STORAGE_ENCRYPTION_KEY", SecretStorageEncryptionKey),
        Setting("SECRET_STORAGE_ALTERNATE_KEYS", SecretStorageAlternateKeys.Count == 0 ? null : string.Join(',', SecretStorageAlternateKeys)),
        Setting("SECRET_STORAGE_FORMAT", SecretType.Of(SecretStorageFormat)),
        Setting("SECRET_STORAGE_REQUIRE_BOUND", SecretStorageRequireBound ? "yes" : "no"),
        Setting("OUTSCALE_PUBLIC_IP_REFRESH_INTERVAL", OutscalePublicIpRefreshInterval),
        Setting("OSC_ENDPOINT_API", OscEndpointApi?.AbsoluteUri),
        Setting("GO_ENV", GoEnv),
        Setting("WEBHOOK_REFRESH_INTERVAL", WebhookRefreshInterval),
        Setting("WEBHOOK_ALLOW", WebhookAllow.Count == 0 ? null : string.Join(',', WebhookAllow)),
        Setting("EXEC_DIRECTORIES", ExecDirectories.Count == 0 ? null : string.Join(',', ExecDirectories)),
        Setting("PROTECTED_ADDRESSES_EXCEPT", ProtectedAddressesExcept.Count == 0 ? null : string.Join(',', ProtectedAddressesExcept)),
        Setting("EXEC_ENVIRONMENT_ALLOW", ExecEnvironmentAllow.Count == 0 ? null : string.Join(',', ExecEnvironmentAllow)),
        Setting("EXEC_SOCKET", ExecSocket),
        Setting("ON_ETCD_LOSS", EtcdLossPolicyWord.Of(OnEtcdLoss)),
        Setting("ON_STOP", Word(OnStop)),
        Setting("CORE_DUMPS", CoreDumps ? "yes" : "no"),
        Setting("LOG_LEVEL", LogLevel.ToString().ToLowerInvariant()),
    ];

    public override string ToString() => string.Join(' ', Describe().Select(setting => $"{setting.Variable}={setting.Value}"));

    private static string Word(StopPolicy policy) => policy switch
    {
        StopPolicy.Drain => "drain",
        StopPolicy.Leave => "leave",
        _ => "keep",
    };

    private EffectiveSetting Setting(string variable, string? value) => new(variable, value ?? None, IsFromEnvironment(variable));

    private EffectiveSetting Setting(string variable, Secret? value) => Setting(variable, value?.ToString());

    private EffectiveSetting Setting(string variable, TimeSpan value) => Setting(variable, GoDuration.Format(value));

    private EffectiveSetting Setting(string variable, int value) => Setting(variable, value.ToString(CultureInfo.InvariantCulture));

    private bool IsFromEnvironment(string variable) =>
        _fromEnvironment.Contains(variable) || _fromEnvironment.Contains(variable + "_FILE") || variable == "PLUGIN_ENSURE_INTERVAL" && _fromEnvironment.Contains("ARP_GRATUITOUS_INTERVAL");
}
