using Link.Core.Plugins;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>What a plugin says of its secrets, for the storage, which knows no plugins.</summary>
internal static class SecretsOfPlugin
{
    public static PluginSecrets Of(IPlugin plugin) => new(plugin.Name, plugin.SecretFields, plugin.DestinationFields);
}
