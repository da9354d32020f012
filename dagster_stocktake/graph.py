"""What Dagster draws: each account's resources as dagster-dlt has them, models and tests as dagster-dbt does.

A source of the dbt project and the resources that fill it are the same assets: models that read it depend on
that resource of every account.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, TypeAlias

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from dagster_dlt import DagsterDltTranslator
from dagster_dlt.translator import DltResourceTranslatorData

from pipelines.accounts import Account
from pipelines.config import Config
from pipelines.dlt_internals import let_dlt_read
from pipelines.publish import SCHEMAS
from pipelines.statements import manifest_of
from pipelines.warehouse import raw_table

WAS_READ = "was_read"
"""The check of every resource."""
ENGINE = "duckdb"
OWN = "stocktake"
"""The source of the dbt project that is what a run notes of itself."""

Key: TypeAlias = dg.AssetKey
Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Graph:
    """The assets of one project, and the names by which a run knows them."""

    assets: Sequence[dg.AssetSpec]
    """What a run makes."""
    checks: Sequence[dg.AssetCheckSpec]
    externals: Sequence[dg.AssetSpec]
    """What is read and not made."""
    resources: Mapping[tuple[str, str], Key]
    """By account and resource."""
    models: Mapping[str, Key]
    """By model, parents first."""
    tests: Mapping[str, dg.AssetCheckKey]
    """By dbt's test."""
    release: Key


class ResourceTranslator(DagsterDltTranslator):
    """One account's resources, as dagster-dlt has them."""

    def __init__(self, account: Account, prefix: str, described: Mapping[tuple[str, str], str]) -> None:
        self._account = account
        self._prefix = prefix
        self._described = described

    def get_asset_spec(self, data: DltResourceTranslatorData) -> dg.AssetSpec:
        """The asset of one dlt resource: it comes from the provider, and every run asks for it."""
        name, provider = data.resource.name, self._account.provider
        spec = super().get_asset_spec(data)
        return spec.replace_attributes(
            key=[self._prefix, self._account.name, name],
            deps=[[self._prefix, provider.name]],
            description=self._described.get((provider.name, name)),
            group_name=self._account.name,
            kinds={"dlt", ENGINE},
            skippable=True,
        ).merge_attributes(metadata={"dagster/table_name": raw_table(provider, provider.resource(name))})


class ModelTranslator(DagsterDbtTranslator):
    """The models, their sources and tests, as dagster-dbt has them."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> Key:
        """A model by its schema, a source by its provider."""
        key: Key = super().get_asset_key(dbt_resource_props)
        return key.with_prefix(self._prefix)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The model's layer."""
        return str(dbt_resource_props["schema"])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The grain first, as its YAML has it."""
        return str(dbt_resource_props["description"])


def graph_of(config: Config, prefix: str) -> Graph:
    """All that a project's run makes, by the configuration and the models as they are now."""
    manifest = manifest_of(config.home, config.database.name, config.model_vars)
    manifest["metadata"]["adapter_type"] = "spark" if config.spark else ENGINE  # what Dagster draws them with
    translator = ModelTranslator(prefix)
    sources = {
        (props["source_name"], props["name"]): (translator.get_asset_spec(manifest, name, None), props)
        for name, props in manifest["sources"].items()
    }
    described = {name: props["description"] for name, (_, props) in sources.items()}
    resources = _resources(config, prefix, described)
    feeds = {
        spec.key: [
            resources[account.name, name].key
            for account in config.accounts.values()
            if account.provider.name == provider and (account.name, name) in resources
        ]
        for (provider, name), (spec, _) in sources.items()
        if provider != OWN
    }
    models = {
        name: _fed(translator.get_asset_spec(manifest, name, None), feeds) for name in _in_order(manifest)
    }
    tests = dict(_tests(manifest, translator, models))
    published = [spec.key for name, spec in models.items() if manifest["nodes"][name]["schema"] in SCHEMAS]
    release = dg.AssetSpec(
        key=[prefix, "release"],
        deps=published,
        description="What BI reads: all marts and reports, switched whole when all their tests passed.",
        group_name="release",
        kinds={"parquet", ENGINE},
        skippable=True,
    )
    read = [
        dg.AssetCheckSpec(
            WAS_READ,
            asset=spec.key,
            description="All that was asked for came, could be read, and no guard held a sweep.",
        )
        for spec in resources.values()
    ]
    return Graph(
        assets=[*resources.values(), *models.values(), release],
        checks=[*read, *tests.values()],
        externals=[
            *_providers(config, prefix),
            *(spec for (of, _), (spec, _) in sources.items() if of == OWN),
        ],
        resources={name: spec.key for name, spec in resources.items()},
        models={manifest["nodes"][name]["name"]: spec.key for name, spec in models.items()},
        tests={name: check.key for name, check in tests.items()},
        release=release.key,
    )


def _resources(
    config: Config, prefix: str, described: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], dg.AssetSpec]:
    let_dlt_read(config.folder)
    found = {}
    for account in config.accounts.values():
        translator = ResourceTranslator(account, prefix, described)
        source = account.provider.source(
            account=account.name, options=config.read_options(), **account.settings
        )
        for name, resource in source.resources.items():
            data = DltResourceTranslatorData(resource=resource, pipeline=None)
            found[account.name, name] = translator.get_asset_spec(data)
    return found


def _providers(config: Config, prefix: str) -> Iterator[dg.AssetSpec]:
    for provider in {
        account.provider.name: account.provider for account in config.accounts.values()
    }.values():
        yield dg.AssetSpec(
            key=[prefix, provider.name],
            description=f"What {provider.title}'s API answers.",
            group_name="providers",
        )


def _in_order(manifest: Manifest) -> list[str]:
    """The models, parents first."""
    parents = {
        name: [parent for parent in manifest["parent_map"][name] if parent in manifest["nodes"]]
        for name, props in manifest["nodes"].items()
        if props["resource_type"] == "model"
    }
    return list(TopologicalSorter(parents).static_order())


def _fed(spec: dg.AssetSpec, feeds: Mapping[Key, Iterable[Key]]) -> dg.AssetSpec:
    """A model's asset, that depends on resources where the model reads a source."""
    deps = [key for dep in spec.deps for key in feeds.get(dep.asset_key, [dep.asset_key])]
    return spec.replace_attributes(deps=deps)


def _tests(
    manifest: Manifest, translator: ModelTranslator, models: Mapping[str, dg.AssetSpec]
) -> Iterator[tuple[str, dg.AssetCheckSpec]]:
    """Each test of the models. One that belongs to none stands with the last of those that it reads."""
    order = list(models)
    for name, props in manifest["nodes"].items():
        if props["resource_type"] != "test":
            continue
        read = sorted(set(manifest["parent_map"][name]) & models.keys(), key=order.index)
        checks = (translator.get_asset_check_spec(models[model], manifest, name, None) for model in read)
        of_all = dg.AssetCheckSpec(props["name"], asset=models[read[-1]].key)
        yield props["name"], next(filter(None, checks), of_all)
