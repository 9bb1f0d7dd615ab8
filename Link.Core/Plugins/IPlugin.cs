using System.Text.Json;

namespace Link.Core.Plugins;

/// <summary>
/// A kind of output: what its configuration takes, which of it is secret, what hosts compete for, and how an endpoint's output is made.
/// One object for all endpoints of the kind.
/// </summary>
internal interface IPlugin
{
    /// <summary>As in the API and in etcd: <c>arp</c>.</summary>
    string Name { get; }

    /// <summary>
    /// The fields of the configuration that are stored encrypted, as paths: <c>secret</c>, or <c>headers.*</c> for every field of an object.
    /// The plugin itself sees and writes their values in clear; the agent takes them out before anything is stored or shown.
    /// </summary>
    IReadOnlyList<string> SecretFields { get; }

    /// <summary>
    /// The fields, texts or lists of texts, that decide who receives the secrets and what is done with them. A stored secret opens only while they are
    /// as they were when it was given: whoever can write etcd must not send it elsewhere. A field can be added later, but none taken out.
    /// </summary>
    IReadOnlyList<string> DestinationFields { get; }

    /// <summary>Reads a configuration with its secrets in clear.</summary>
    /// <param name="stored">
    /// False: what a user wants; every error is told, and unknown fields are errors, because a misspelt one would be lost silently.
    /// True: what is in etcd; unknown fields are ignored (a later version may have written them), and what LinK took before is taken.
    /// </param>
    Validated<PluginConfig> Read(JsonElement config, bool stored);

    /// <summary>The election key of a stored configuration whose secrets cannot be opened; null: it cannot be told.</summary>
    string? FindElectionKey(JsonElement config);

    /// <summary>Another endpoint of this host that has the same output under another election key; null: none.</summary>
    string? FindTwin(PluginConfig config) => null;

    /// <summary>Why this host must not have the output although its configuration is well; null: it may. On the loop.</summary>
    FieldFault? FindRefusal(PluginConfig config) => null;

    /// <summary>Makes an endpoint's output. On the loop.</summary>
    /// <param name="config">One that <see cref="Read"/> gave.</param>
    IOutput Create(OutputTarget endpoint, PluginConfig config);
}
