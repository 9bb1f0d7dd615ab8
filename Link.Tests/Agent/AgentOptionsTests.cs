using System.Net;
using Link.Core.Agent;
using Link.Core.Api.Access;
using Link.Core.Election;
using Link.Core.Logging;
using Link.Core.Secrets;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Agent;

public sealed class AgentOptionsTests
{
    private const string Key = "0123456789abcdef0123456789abcdef";

    [Fact]
    public void Only_etcd_has_to_be_named()
    {
        var options = Valid();

        Assert.Equal("web-1.example.org", options.Hostname);
        Assert.Equal("http://etcd:2379", options.EtcdHosts);
        Assert.Equal(1313, options.Port);
        Assert.Equal("/run/link/link.sock", options.Socket);
        Assert.Equal(TimeSpan.FromSeconds(3), options.KeepAliveInterval);
        Assert.Equal(15, options.LeaseTtlSeconds);
        Assert.Equal(EtcdLossPolicy.Claim, options.OnEtcdLoss);
        Assert.Equal(StopPolicy.Keep, options.OnStop);
        Assert.Equal(LogLevel.Info, options.LogLevel);
        Assert.Null(options.Interface);
        Assert.Empty(Read().Warnings);
    }

    [Fact]
    public void Keys_come_from_the_variable_from_a_file_or_from_a_systemd_credential()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("key", $"file-{Key}\n");
        folder.Write("secret-storage-encryption-key", $"credential-{Key}\n");
        folder.Write("secret-storage-alternate-keys", $"old-1-{Key}\n\nold-2-{Key}\n");

        Assert.Equal($"variable-{Key}", Valid(("SECRET_STORAGE_ENCRYPTION_KEY", $"variable-{Key}")).SecretStorageEncryptionKey!.Reveal());
        Assert.Equal($"file-{Key}", Valid(("SECRET_STORAGE_ENCRYPTION_KEY_FILE", file)).SecretStorageEncryptionKey!.Reveal());
        var options = Valid(("CREDENTIALS_DIRECTORY", folder.Path));
        Assert.Equal($"credential-{Key}", options.SecretStorageEncryptionKey!.Reveal());
        Assert.Equal([$"old-1-{Key}", $"old-2-{Key}"], options.SecretStorageAlternateKeys.Select(key => key.Reveal()));
        Assert.Contains("SECRET_STORAGE_ENCRYPTION_KEY=*** (environment)", Lines(options));
        Assert.DoesNotContain(Key, options.ToString());
    }

    [Fact]
    public void A_key_that_somebody_has_thought_of_gets_a_warning_that_names_where_it_is_and_not_what()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("key", $"{Key}\n");
        var good = KeyText.Create(hex: false).Reveal();
        const string advice = "make one with link-client generate-key, put this one into SECRET_STORAGE_ALTERNATE_KEYS, and run link-client rotate-encryption-key";

        Assert.Empty(Read(("SECRET_STORAGE_ENCRYPTION_KEY", good), ("SECRET_STORAGE_ALTERNATE_KEYS", $"{KeyText.Create(hex: true).Reveal()},{KeyText.Create(hex: false).Reveal()}")).Warnings);
        AssertWarning("SECRET_STORAGE_ENCRYPTION_KEY: the key can be guessed more easily than 32 random bytes, as it ", advice, ("SECRET_STORAGE_ENCRYPTION_KEY", Key));
        AssertWarning($"SECRET_STORAGE_ENCRYPTION_KEY_FILE=\"{file}\": the key can be guessed", advice, ("SECRET_STORAGE_ENCRYPTION_KEY_FILE", file));
        AssertWarning("SECRET_STORAGE_ENCRYPTION_KEY: the key can be guessed more easily than 32 random bytes, as it repeats itself; ", advice, ("SECRET_STORAGE_ENCRYPTION_KEY", new string('0', 64)));
        AssertWarning("SECRET_STORAGE_ALTERNATE_KEYS: key 2 of 2 can be guessed", "take it out when link-client rotate-encryption-key has run", ("SECRET_STORAGE_ALTERNATE_KEYS", $"{good},{Key}"));
        AssertWarning($"SECRET_STORAGE_ALTERNATE_KEYS_FILE=\"{file}\": key 1 of 1 can be guessed", "has run", ("SECRET_STORAGE_ALTERNATE_KEYS_FILE", file));
        folder.Write("secret-storage-encryption-key", Key);
        AssertWarning("credential secret-storage-encryption-key: the key can be guessed", advice, ("CREDENTIALS_DIRECTORY", folder.Path));

        static void AssertWarning(string start, string end, params (string, string)[] variables)
        {
            string warning = Assert.Single(Read(variables).Warnings);
            Assert.StartsWith(start, warning, StringComparison.Ordinal);
            Assert.EndsWith(end, warning, StringComparison.Ordinal);
            Assert.DoesNotContain(Key, warning, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_key_that_is_given_twice_is_a_fault()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("secret-storage-encryption-key", $"file-{Key}");

        Assert.Equal(
            ["SECRET_STORAGE_ENCRYPTION_KEY is given twice: as the variable and by SECRET_STORAGE_ENCRYPTION_KEY_FILE; keep one"],
            Read(("SECRET_STORAGE_ENCRYPTION_KEY", $"variable-{Key}"), ("SECRET_STORAGE_ENCRYPTION_KEY_FILE", file)).Faults);
        Assert.Equal(
            ["SECRET_STORAGE_ENCRYPTION_KEY is given twice: by SECRET_STORAGE_ENCRYPTION_KEY_FILE and as the systemd credential secret-storage-encryption-key; keep one"],
            Read(("CREDENTIALS_DIRECTORY", folder.Path), ("SECRET_STORAGE_ENCRYPTION_KEY_FILE", file)).Faults);
    }

    [Fact]
    public void A_key_file_that_is_missing_empty_too_large_or_too_short_is_named()
    {
        using var folder = new TemporaryFolder();
        string FaultOf(string path) => Assert.Single(Read(("SECRET_STORAGE_ENCRYPTION_KEY_FILE", path)).Faults);

        Assert.StartsWith($"SECRET_STORAGE_ENCRYPTION_KEY_FILE=\"{folder.Path}/none\": the file cannot be read: ", FaultOf($"{folder.Path}/none"));
        Assert.StartsWith($"SECRET_STORAGE_ENCRYPTION_KEY_FILE=\"{folder.Path}/empty\": the file is empty", FaultOf(folder.Write("empty", "\n")));
        Assert.StartsWith($"SECRET_STORAGE_ENCRYPTION_KEY_FILE=\"{folder.Path}/large\": the file is larger than 65536 bytes", FaultOf(folder.Write("large", new string('k', 70_000))));
        Assert.Equal("SECRET_STORAGE_ENCRYPTION_KEY_FILE=***: has 5 characters; accepts 32 characters or more", FaultOf(folder.Write("short", "short")));
    }

    [Fact]
    public void The_format_of_secrets_is_ours_or_LinKs_and_one_that_binds_nothing_gets_a_warning()
    {
        Assert.Equal(SecretFormat.AesGcmBound, Valid().SecretStorageFormat);
        Assert.Equal(SecretFormat.AesGcmBound, Valid(("SECRET_STORAGE_FORMAT", "aes-256-gcm-bound"), ("SECRET_STORAGE_REQUIRE_BOUND", "yes")).SecretStorageFormat);
        Assert.Equal(SecretFormat.AesCfbSha512, Valid(("SECRET_STORAGE_FORMAT", "aes-cfb-sha512")).SecretStorageFormat);
        Assert.Equal(SecretFormat.AesGcm, Valid(("SECRET_STORAGE_FORMAT", "aes-256-gcm"), ("SECRET_STORAGE_REQUIRE_BOUND", "no")).SecretStorageFormat);
        Assert.Empty(Read(("SECRET_STORAGE_FORMAT", "aes-256-gcm-bound")).Warnings);
        foreach (var format in new[] { "aes-256-gcm", "aes-cfb-sha512" })
        {
            Assert.StartsWith($"SECRET_STORAGE_FORMAT={format} binds no secret to its destination: whoever can write etcd", Assert.Single(Read(("SECRET_STORAGE_FORMAT", format)).Warnings));
            Assert.Contains(
                "binds no secret to its destination, and SECRET_STORAGE_REQUIRE_BOUND=yes opens no other",
                Assert.Single(Read(("SECRET_STORAGE_FORMAT", format), ("SECRET_STORAGE_REQUIRE_BOUND", "yes")).Faults));
        }

        Assert.Contains("accepts no or yes", Assert.Single(Read(("SECRET_STORAGE_REQUIRE_BOUND", "maybe")).Faults));
        Assert.Contains("accepts aes-256-gcm-bound, aes-256-gcm or aes-cfb-sha512", Assert.Single(Read(("SECRET_STORAGE_FORMAT", "rot13")).Faults));
    }

    [Fact]
    public void Without_ETCD_HOSTS_the_fault_says_what_to_set()
    {
        var result = AgentOptions.Read(new Dictionary<string, string>(), "web-1");

        Assert.Null(result.Options);
        Assert.Contains("set ETCD_HOSTS=http://", Assert.Single(result.Faults));
    }

    [Fact]
    public void All_faults_come_together_and_name_variable_value_and_what_is_accepted()
    {
        var result = Read(("KEEPALIVE_INTERVAL", "5"), ("PORT", "http"), ("ON_ETCD_LOSS", "maybe"), ("INTERFACE", "a-name-that-is-too-long"));

        Assert.Null(result.Options);
        Assert.Equal(
        [
            "INTERFACE=\"a-name-that-is-too-long\": has 23 characters; accepts the name of a network interface such as eth0: 1 to 15 characters without / : and spaces",
            "PORT=\"http\": is not a whole number; accepts a whole number from 1 to 65535",
            "KEEPALIVE_INTERVAL=\"5\": has no unit (did you mean 5s?); accepts a duration such as 300ms, 1.5s, 2m or 1h30m, from 100ms to 1h",
            "ON_ETCD_LOSS=\"maybe\": is not one of the choices; accepts claim, hold or release",
        ],
        result.Faults);
    }

    [Theory]
    [InlineData("KEEPALIVE_INTERVAL", "99ms")]
    [InlineData("KEEPALIVE_INTERVAL", "61m")]
    [InlineData("KEEPALIVE_INTERVAL", "-3s")]
    [InlineData("KEEPALIVE_RETRY", "-1")]
    [InlineData("KEEPALIVE_RETRY", "1001")]
    [InlineData("HEALTH_CHECK_TIMEOUT", "0")]
    [InlineData("FAIL_COUNT_BEFORE_FAILOVER", "0")]
    [InlineData("PORT", "0")]
    [InlineData("PORT", "65536")]
    [InlineData("MAX_NUMBER_OF_ENDPOINTS", "-2")]
    [InlineData("HOSTNAME", "a/b")]
    [InlineData("HOSTNAME", "a b")]
    [InlineData("BIND", "127.0.0.1,localhost")]
    [InlineData("BIND", "127.0.0.1:1313")]
    [InlineData("SOCKET", "link.sock")]
    [InlineData("API_USERS_FILE", "users")]
    [InlineData("PLUGIN_ENSURE_MAX_BACKOFF_INTERVAL", "1s")]
    [InlineData("PROTECTED_ADDRESSES_EXCEPT", "10.0.0.53/32")]
    [InlineData("PROTECTED_ADDRESSES_EXCEPT", "10.0.0.53,")]
    [InlineData("PROTECTED_ADDRESSES_EXCEPT", "resolver")]
    [InlineData("EXEC_DIRECTORIES", "lib/link")]
    [InlineData("EXEC_DIRECTORIES", "/usr/local/lib/link,/")]
    [InlineData("EXEC_DIRECTORIES", "/usr/local/../lib")]
    [InlineData("EXEC_DIRECTORIES", "/usr/local/lib/link,")]
    [InlineData("WEBHOOK_ALLOW", "169.254.0.0/33")]
    [InlineData("WEBHOOK_ALLOW", "169.254.1.1/16")]
    [InlineData("WEBHOOK_ALLOW", "169.254.1.1,metadata.example")]
    [InlineData("EXEC_ENVIRONMENT_ALLOW", "PGHOST,*")]
    [InlineData("EXEC_ENVIRONMENT_ALLOW", "LD_PRELOAD")]
    [InlineData("EXEC_SOCKET", "link-exec.sock")]
    [InlineData("CORE_DUMPS", "maybe")]
    [InlineData("OSC_ENDPOINT_API", "127.0.0.1:3000")]
    [InlineData("OSC_ENDPOINT_API", "api.eu-west-2.outscale.com")]
    [InlineData("OSC_ENDPOINT_API", "http://api.eu-west-2.outscale.com")]
    [InlineData("OSC_ENDPOINT_API", "http://10.0.0.1:3000/api/v1")]
    [InlineData("OSC_ENDPOINT_API", "ftp://127.0.0.1/api/v1")]
    [InlineData("OSC_ENDPOINT_API", "https://api.example.org/?a=b")]
    [InlineData("LOG_LEVEL", "INFO")]
    [InlineData("ON_STOP", "hand-over")]
    public void What_is_out_of_bounds_is_a_fault_that_names_the_variable(string variable, string value)
    {
        var result = Read((variable, value));

        Assert.Null(result.Options);
        Assert.StartsWith($"{variable}=\"{value}\": ", Assert.Single(result.Faults));
    }

    [Fact]
    public void A_fault_is_one_short_line_whatever_the_value_is()
    {
        string fault = Assert.Single(Read(("KEEPALIVE_INTERVAL", $"1s\n{new string('x', 10_000)}")).Faults);
        Assert.StartsWith("KEEPALIVE_INTERVAL=\"1s?xxx", fault, StringComparison.Ordinal);
        Assert.Contains(": has an unknown unit \"s?xxx", fault, StringComparison.Ordinal);
        Assert.InRange(fault.Length, 1, 600);
    }

    /// <summary>Uri takes it, and throws when its name is to be written for DNS.</summary>
    [Fact]
    public void A_host_that_DNS_cannot_be_asked_for_is_a_fault() =>
        Assert.Contains("is not a URL", Assert.Single(Read(("OSC_ENDPOINT_API", $"https://a{(char)0xD800}b")).Faults), StringComparison.Ordinal);

    [Fact]
    public void A_hostname_may_have_255_characters_and_no_more()
    {
        Assert.NotNull(Read(("HOSTNAME", new string('h', 255))).Options);
        Assert.Contains("has 256 characters", Assert.Single(Read(("HOSTNAME", new string('h', 256))).Faults));
    }

    [Fact]
    public void A_variable_set_to_nothing_counts_as_not_set()
    {
        var options = Valid(("HOSTNAME", ""), ("KEEPALIVE_INTERVAL", ""), ("PASSWORD", ""));

        Assert.Equal("web-1.example.org", options.Hostname);
        Assert.Equal(TimeSpan.FromSeconds(3), options.KeepAliveInterval);
        Assert.False(options.BasicAuth);
    }

    [Theory]
    [InlineData("")]
    [InlineData("none")]
    public void No_socket_is_had_by_an_empty_SOCKET_and_by_the_word(string value)
    {
        var options = Valid(("SOCKET", value));

        Assert.Null(options.Socket);
        Assert.Contains("SOCKET=none (environment)", Lines(options));
    }

    [Fact]
    public void No_address_that_the_host_needs_is_excepted_unless_it_is_named()
    {
        Assert.Empty(Valid().ProtectedAddressesExcept);
        Assert.Empty(Valid(("PROTECTED_ADDRESSES_EXCEPT", "none")).ProtectedAddressesExcept);
        var options = Valid(("PROTECTED_ADDRESSES_EXCEPT", "10.0.0.53, 2001:DB8::53"));
        Assert.Equal(["10.0.0.53", "2001:db8::53"], options.ProtectedAddressesExcept.Select(static address => address.ToString()).Order(StringComparer.Ordinal));
        Assert.Contains("PROTECTED_ADDRESSES_EXCEPT=none (default)", Lines(Valid()));
    }

    [Fact]
    public void Programs_are_below_one_directory_unless_others_are_named()
    {
        Assert.Equal(["/usr/local/lib/link"], Valid().ExecDirectories);
        Assert.Equal(["/etc/link/exec", "/opt/vip/"], Valid(("EXEC_DIRECTORIES", "/etc/link/exec, /opt/vip/")).ExecDirectories);
        Assert.Empty(Valid(("EXEC_DIRECTORIES", "none")).ExecDirectories);
        Assert.Contains("EXEC_DIRECTORIES=none (environment)", Lines(Valid(("EXEC_DIRECTORIES", "none"))));
    }

    [Fact]
    public void What_programs_and_webhooks_may_is_little_unless_more_is_named()
    {
        AgentOptions least = Valid();
        Assert.Equal((0, 0, null, false), (least.WebhookAllow.Count, least.ExecEnvironmentAllow.Count, least.ExecSocket, least.CoreDumps));
        AgentOptions more = Valid(
            ("WEBHOOK_ALLOW", "169.254.10.0/24, fe80::5"), ("EXEC_ENVIRONMENT_ALLOW", "PGHOST, BACKUP_*"), ("EXEC_SOCKET", "/run/link-exec/socket"), ("CORE_DUMPS", "yes"));
        Assert.Equal(["169.254.10.0/24", "fe80::5/128"], more.WebhookAllow.Select(network => network.ToString()));
        Assert.Equal(["PGHOST", "BACKUP_*"], more.ExecEnvironmentAllow);
        Assert.Equal(("/run/link-exec/socket", true), (more.ExecSocket, more.CoreDumps));
        Assert.Null(Valid(("EXEC_SOCKET", "none")).ExecSocket);
    }

    [Fact]
    public void Programs_that_run_as_the_agents_user_are_warned_of()
    {
        const string Warning = "programs below /usr/bin run as the agent's own user, who can read its secrets";
        Assert.Contains(Read(("EXEC_DIRECTORIES", "/nowhere,/usr/bin")).Warnings, warning => warning.StartsWith(Warning, StringComparison.Ordinal));
        Assert.DoesNotContain(Read(("EXEC_DIRECTORIES", "/nowhere")).Warnings, warning => warning.StartsWith("programs", StringComparison.Ordinal));
        Assert.DoesNotContain(Read(("EXEC_DIRECTORIES", "/usr/bin"), ("EXEC_SOCKET", "/run/link-exec/socket")).Warnings, warning => warning.StartsWith("programs", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("100ms", 1)]
    [InlineData("300ms", 2)]
    [InlineData("3s", 15)]
    [InlineData("1h", 18_000)]
    public void The_lease_lives_five_intervals_in_whole_seconds(string interval, int seconds) =>
        Assert.Equal(seconds, Valid(("KEEPALIVE_INTERVAL", interval)).LeaseTtlSeconds);

    [Fact]
    public void A_USER_that_a_shell_exports_does_not_turn_authentication_on()
    {
        var exported = Valid(("USER", "root"));
        var wanted = Valid(("USER", "admin"), ("PASSWORD", "secret"));

        Assert.False(exported.BasicAuth);
        Assert.Contains("USER=none (default)", Lines(exported));
        Assert.True(wanted.BasicAuth);
        Assert.Equal("admin", wanted.User);
    }

    [Fact]
    public void The_API_is_open_to_the_network_only_with_a_password()
    {
        Assert.Equal([IPAddress.Loopback, IPAddress.IPv6Loopback], Valid().Bind);
        Assert.Equal([IPAddress.IPv6Any], Valid(("PASSWORD", "secret")).Bind);
        Assert.Equal([IPAddress.IPv6Any], Valid(("API_USERS_FILE", "/u")).Bind);
        Assert.Equal([IPAddress.IPv6Any], Valid(("API_TLS_CERT", "/c"), ("API_TLS_KEY", "/k"), ("API_TLS_CLIENT_CA", "/ca")).Bind);
        Assert.Equal([IPAddress.Loopback, IPAddress.IPv6Loopback], Valid(("API_TLS_CERT", "/c"), ("API_TLS_KEY", "/k")).Bind);
        Assert.Equal([IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::1")], Valid(("BIND", "10.0.0.1, fd00::1"), ("PASSWORD", "secret")).Bind);
    }

    [Fact]
    public void An_API_that_is_open_without_password_is_warned_of() =>
        Assert.StartsWith("BIND opens the API", Assert.Single(Read(("BIND", "all")).Warnings));

    [Fact]
    public void Loopback_is_for_owners_unless_it_is_said_to_be_open_and_that_is_warned_of()
    {
        Assert.Equal(LoopbackPolicy.Owner, Valid().ToApi("1").Loopback);
        Assert.Equal(LoopbackPolicy.Open, Valid(("LOOPBACK", "open")).ToApi("1").Loopback);
        Assert.StartsWith("LOOPBACK=open without PASSWORD", Assert.Single(Read(("LOOPBACK", "open")).Warnings));
        Assert.Empty(Read(("LOOPBACK", "open"), ("PASSWORD", "secret"), ("BIND", "127.0.0.1")).Warnings);
        Assert.StartsWith("LOOPBACK=\"yes\"", Assert.Single(Read(("LOOPBACK", "yes")).Faults));
    }

    [Fact]
    public void Passwords_that_go_over_the_network_in_clear_are_warned_of()
    {
        Assert.StartsWith("PASSWORD goes over the network in clear; set API_TLS_CERT", Assert.Single(Read(("PASSWORD", "secret")).Warnings));
        Assert.StartsWith("the passwords of API_USERS_FILE go over the network in clear; ", Assert.Single(Read(("API_USERS_FILE", "/u")).Warnings));
        Assert.Empty(Read(("PASSWORD", "secret"), ("BIND", "127.0.0.1")).Warnings);
        Assert.Empty(Read(("PASSWORD", "secret"), ("API_TLS_CERT", "/c"), ("API_TLS_KEY", "/k")).Warnings);
    }

    [Fact]
    public void The_old_name_of_PLUGIN_ENSURE_INTERVAL_works_with_a_warning()
    {
        var result = Read(("ARP_GRATUITOUS_INTERVAL", "2s"));

        Assert.Equal(TimeSpan.FromSeconds(2), result.Options!.PluginEnsureInterval);
        Assert.Equal("ARP_GRATUITOUS_INTERVAL is deprecated; set PLUGIN_ENSURE_INTERVAL instead", Assert.Single(result.Warnings));
        Assert.Contains("PLUGIN_ENSURE_INTERVAL=2s (environment)", Lines(result.Options));
    }

    [Fact]
    public void The_new_name_wins_over_the_old_one()
    {
        var result = Read(("ARP_GRATUITOUS_INTERVAL", "banana"), ("PLUGIN_ENSURE_INTERVAL", "4s"));

        Assert.Equal(TimeSpan.FromSeconds(4), result.Options!.PluginEnsureInterval);
        Assert.Single(result.Warnings);
    }

    [Theory]
    [InlineData("https://api.private.example.org", "https://api.private.example.org/api/v1")]
    [InlineData("https://api.private.example.org/", "https://api.private.example.org/api/v1")]
    [InlineData("https://api.private.example.org:8443/api/v1/", "https://api.private.example.org:8443/api/v1")]
    [InlineData("https://gateway.example.org/outscale", "https://gateway.example.org/outscale")]
    [InlineData("http://127.0.0.1:3000", "http://127.0.0.1:3000/api/v1")]
    [InlineData("http://[::1]:3000/api/v1", "http://[::1]:3000/api/v1")]
    [InlineData("http://localhost:3000", "http://localhost:3000/api/v1")]
    public void The_endpoint_of_Outscale_may_be_given_with_or_without_its_path(string value, string url)
    {
        var options = Valid(("OSC_ENDPOINT_API", value));

        Assert.Equal(url, options.OscEndpointApi!.AbsoluteUri);
        Assert.Contains($"OSC_ENDPOINT_API={url} (environment)", Lines(options));
    }

    [Fact]
    public void A_password_in_the_endpoint_of_Outscale_is_refused_and_not_shown()
    {
        var fault = Assert.Single(Read(("OSC_ENDPOINT_API", "https://me:hidden@api.example.org")).Faults);

        Assert.Contains("has a user", fault);
        Assert.DoesNotContain("hidden", fault);
    }

    [Fact]
    public void GO_ENV_may_say_anything()
    {
        Assert.Null(Valid().GoEnv);
        Assert.Equal("test", Valid(("GO_ENV", "test")).GoEnv);
        Assert.Contains("GO_ENV=production (environment)", Lines(Valid(("GO_ENV", "production"))));
    }

    [Theory]
    [InlineData("ETCD_TLS_CERT", "ETCD_TLS_KEY")]
    [InlineData("ETCD_TLS_KEY", "ETCD_TLS_CERT")]
    [InlineData("ETCD_USER", "ETCD_PASSWORD")]
    [InlineData("API_TLS_CERT", "API_TLS_KEY", "/x")]
    [InlineData("API_TLS_KEY", "API_TLS_CERT", "/x")]
    [InlineData("ETCD_PASSWORD", "ETCD_USER")]
    public void What_goes_together_is_missed_together(string set, string missing, string value = "x") =>
        Assert.Equal($"{missing} is not set; {set} is: set both or none", Assert.Single(Read((set, value)).Faults));

    [Fact]
    public void A_client_authority_needs_a_certificate() =>
        Assert.StartsWith("API_TLS_CERT is not set; API_TLS_CLIENT_CA is: ", Assert.Single(Read(("API_TLS_CLIENT_CA", "/ca.pem")).Faults));

    [Fact]
    public void The_API_s_files_are_read_shown_and_handed_on()
    {
        var options = Valid(("API_TLS_CERT", "/c"), ("API_TLS_KEY", "/k"), ("API_TLS_CLIENT_CA", "/ca"), ("API_USERS_FILE", "/u"));

        Assert.Equal(("/c", "/k", "/ca", "/u"), (options.ApiTlsCert, options.ApiTlsKey, options.ApiTlsClientCa, options.ApiUsersFile));
        Assert.Equal(["API_USERS_FILE=/u (environment)", "API_TLS_CERT=/c (environment)", "API_TLS_KEY=/k (environment)", "API_TLS_CLIENT_CA=/ca (environment)"],
            Lines(options).Where(line => line.StartsWith("API_", StringComparison.Ordinal)));
        var api = options.ToApi("1");
        Assert.Equal(("/c", "/k", "/ca", "/u"), (api.CertificateFile, api.KeyFile, api.ClientCaFile, api.UsersFile));
        Assert.Empty(Read(("API_TLS_CERT", "/c"), ("API_TLS_KEY", "/k"), ("API_USERS_FILE", "/u")).Warnings);
    }

    [Fact]
    public void No_secret_shows_anywhere()
    {
        (string, string)[] secrets =
        [
            ("PASSWORD", "leak-1"), ("ETCD_USER", "etcd"), ("ETCD_PASSWORD", "leak-2"), ("ETCD_HOSTS", "https://root:leak@3@etcd:2379"),
            ("SECRET_STORAGE_ENCRYPTION_KEY", "leak-4" + Key), ("SECRET_STORAGE_ALTERNATE_KEYS", $"leak-5{Key},leak-6{Key}"),
        ];
        var options = Valid(secrets);

        Assert.Equal("leak-2", options.EtcdPassword!.Reveal());
        Assert.Equal(2, options.SecretStorageAlternateKeys.Count);
        Assert.DoesNotContain("leak", options.ToString());
        Assert.DoesNotContain("leak", string.Join('\n', Lines(options)));
        Assert.Contains("ETCD_HOSTS=https://***@etcd:2379 (environment)", Lines(options));
        Assert.Contains("SECRET_STORAGE_ALTERNATE_KEYS=***,*** (environment)", Lines(options));
    }

    [Fact]
    public void A_fault_in_a_secret_does_not_show_it()
    {
        var result = Read(("SECRET_STORAGE_ENCRYPTION_KEY", "short"), ("SECRET_STORAGE_ALTERNATE_KEYS", Key + ",tiny"));

        Assert.Equal(
        [
            "SECRET_STORAGE_ENCRYPTION_KEY=***: has 5 characters; accepts 32 characters or more",
            "SECRET_STORAGE_ALTERNATE_KEYS=***: key 2 of 2 has 4 characters; accepts keys of 32 characters or more, comma-separated in the variable and one a line in a file",
        ],
        result.Faults);
    }

    [Fact]
    public void The_description_says_what_comes_from_where()
    {
        var lines = Lines(Valid(("KEEPALIVE_INTERVAL", "1500ms")));

        Assert.Contains("KEEPALIVE_INTERVAL=1.5s (environment)", lines);
        Assert.Contains("PORT=1313 (default)", lines);
        Assert.Contains("BIND=127.0.0.1,::1 (default)", lines);
        Assert.Contains("PASSWORD=none (default)", lines);
        Assert.Contains("PLUGIN_ENSURE_MAX_BACKOFF_INTERVAL=10m (default)", lines);
    }

    [Fact]
    public void A_value_that_is_shown_stays_on_its_line() =>
        Assert.StartsWith("LOG_LEVEL=\"in?fo\": ", Assert.Single(Read(("LOG_LEVEL", "in\nfo")).Faults));

    private static AgentOptionsResult Read(params (string Name, string Value)[] variables)
    {
        var environment = new Dictionary<string, string> { ["ETCD_HOSTS"] = "http://etcd:2379" };
        foreach (var (name, value) in variables)
            environment[name] = value;
        return AgentOptions.Read(environment, "web-1.example.org");
    }

    private static AgentOptions Valid(params (string Name, string Value)[] variables)
    {
        var result = Read(variables);
        Assert.Empty(result.Faults);
        return result.Options!;
    }

    private static IEnumerable<string> Lines(AgentOptions options) => options.Describe().Select(setting => setting.ToString());
}
